"""Machines and running jobs: from a queued job to a verdict."""
