"""The words between processes: the only definition of each message."""
