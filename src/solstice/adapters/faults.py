"""Errors of the operating system in words, with the remedy that fits."""

import errno

from solstice.domain.errors import MachineFault


def disk_fault(what: str, error: OSError) -> MachineFault:
    """An `OSError` of a file operation; ``what`` says what was being done."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MachineFault(f"{what}: no space left on the disk", "Free some space, or give another place.")
    return MachineFault(f"{what}: {error.strerror or error}", "Look at the path's permissions.")
