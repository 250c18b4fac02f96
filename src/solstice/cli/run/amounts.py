"""Durations and byte counts as a person reads them in passing: ``1m 23s``, ``12.3 MB``."""

from datetime import timedelta

_UNITS = ("kB", "MB", "GB", "TB")


def show_duration(duration: timedelta | None) -> str:
    """Write a duration in at most two units; tenths of a second below ten; a dash for none."""
    if duration is None:
        return "–"
    # Two clocks may disagree by a little: a person never wants to read a negative time.
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3_600}h {whole % 3_600 // 60:02}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3_600:02}h"


def show_elapsed(duration: timedelta) -> str:
    """Write a time that still grows: whole seconds, so that the number does not flicker."""
    return show_duration(timedelta(seconds=max(int(duration.total_seconds()), 0))).replace(".0s", "s")


def show_bytes(size: int) -> str:
    """Write a byte count with one decimal in the largest fitting decimal unit."""
    if size < 1_000:
        return f"{size} B"
    amount, unit = size / 1_000, 0
    while amount >= 999.95 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1_000, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}"
