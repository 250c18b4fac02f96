"""Every figure there is, in the order in which they are measured."""

from benchmarks import checkout, command_line, latency, memory, starts, streams
from benchmarks.figure import Figure

FIGURES: tuple[Figure, ...] = (
    *command_line.FIGURES,
    *starts.FIGURES,
    *latency.FIGURES,
    *checkout.FIGURES,
    *memory.FIGURES,
    *streams.FIGURES,
)


def pick(names: tuple[str, ...]) -> tuple[Figure, ...]:
    """Those named, or all; `ValueError` names one that does not exist."""
    known = {figure.name: figure for figure in FIGURES}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no figure {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in names) or FIGURES
