"""Images on this computer: fetched, built, checked and kept under their digest."""
