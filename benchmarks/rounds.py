"""Measuring a figure: a warm-up, then rounds in which floor and subject take turns."""

import gc
from collections.abc import Callable

from benchmarks.figure import CannotRun, Figure, Result
from benchmarks.lab import Lab
from solstice.domain.errors import SolsticeError

Tell = Callable[[str], None]


async def measure(figure: Figure, lab: Lab, tell: Tell) -> Result:
    """Every round of the figure; what keeps it from running becomes its result."""
    rounds = figure.quick_rounds if lab.quick else figure.rounds
    try:
        async with figure.open(lab) as pair:
            if figure.warm_up:
                await pair.floor()
                await pair.subject()
            subject: list[float] = []
            floor: list[float] = []
            for number in range(rounds):
                gc.collect()
                # Who goes first alternates: neither side always finds what the other left in the caches.
                sides = [(floor, pair.floor), (subject, pair.subject)]
                for kept, side in sides if number % 2 else reversed(sides):
                    kept.append(await side())
                tell(f"{figure.name} {number + 1}/{rounds}: {subject[-1]:.4g} over {floor[-1]:.4g}")
    except (CannotRun, SolsticeError, OSError, TimeoutError) as error:
        return Result(figure, why_not=str(error) or type(error).__name__)
    return Result(figure, tuple(subject), tuple(floor))
