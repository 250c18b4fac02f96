"""Machines on this host: their folders, channels and consoles, and the two hypervisors that make them."""
