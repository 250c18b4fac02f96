"""Git repositories of this computer."""
