"""What things are, and their rules: pure, synchronous, standard library only."""
