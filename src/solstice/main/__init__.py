"""Settings and wiring: knows everyone, and nobody knows it."""
