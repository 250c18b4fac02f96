"""Measurements against floors: what a person waits for, beside the least that any program could take."""
