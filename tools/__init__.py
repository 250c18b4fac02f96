"""Programs for working on Solstice CI; never part of what is installed."""
