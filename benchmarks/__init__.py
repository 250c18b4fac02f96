"""Measurements with a budget: what a person waits for."""
