"""A person's commands, and how plans, diagnostics and runs are shown."""
