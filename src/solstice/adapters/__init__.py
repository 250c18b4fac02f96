"""The world outside: one file or folder for each technology, strangers to each other."""
