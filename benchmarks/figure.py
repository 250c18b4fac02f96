"""What a figure is: a subject and its floor, measured in turn, and the goal their ratio has to meet."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from benchmarks.lab import Lab

Measure = Callable[[], Awaitable[float]]
"""One round: what it took, in the figure's unit."""


class CannotRun(Exception):
    """This computer, or the program as it is, cannot give this figure; the message says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Subject and floor, ready to be measured any number of times."""

    subject: Measure
    floor: Measure


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement and its goal.

    ``goal`` bounds subject / floor: from above, or, where ``more_is_better``, from below. ``open`` makes
    ready whatever both sides need; that is not timed.
    """

    name: str
    unit: str
    subject: str
    floor: str
    goal: float
    rounds: int
    quick_rounds: int
    open: Callable[[Lab], AbstractAsyncContextManager[Pair]]
    more_is_better: bool = False
    warm_up: bool = True
    """Off where one round is so long that its first moments do not count."""

    def is_met(self, ratio: float) -> bool:
        """Whether this ratio is good enough."""
        return ratio >= self.goal if self.more_is_better else ratio <= self.goal


@dataclass(frozen=True, slots=True)
class Result:
    """A figure as it was measured: every round of both sides, in order; or why there is none."""

    figure: Figure
    subject: tuple[float, ...] = ()
    floor: tuple[float, ...] = ()
    why_not: str = ""

    @property
    def medians(self) -> tuple[float, float]:
        """Of the subject and of the floor."""
        return median(self.subject), median(self.floor)

    @property
    def ratio(self) -> float:
        """Of the medians."""
        ours, least = self.medians
        return ours / least

    @property
    def spread(self) -> float:
        """The interquartile range of the rounds' own ratios: how far to trust `ratio`."""
        low, high = quartiles([ours / least for ours, least in zip(self.subject, self.floor, strict=True)])
        return high - low

    @property
    def is_met(self) -> bool:
        """Whether it was measured and is good enough."""
        return not self.why_not and self.figure.is_met(self.ratio)

    def record(self, machine: dict[str, Any], commit: str) -> dict[str, Any]:
        """What is written to a file of results; numbers are null where nothing was measured."""
        measured = not self.why_not
        return {
            "figure": self.figure.name,
            "unit": self.figure.unit,
            "subject": _round(median(self.subject)) if measured else None,
            "floor": _round(median(self.floor)) if measured else None,
            "ratio": _round(self.ratio) if measured else None,
            "goal": self.figure.goal,
            "met": self.is_met,
            "rounds": len(self.subject),
            "spread": _round(self.spread) if measured else None,
            "machine": machine,
            "commit": commit,
            "more_is_better": self.figure.more_is_better,
            "samples": {"subject": [*map(_round, self.subject)], "floor": [*map(_round, self.floor)]},
            "why_not": self.why_not,
        }


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The first and the third; both the value itself if there is one only."""
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third


def _round(value: float) -> float:
    return float(f"{value:.4g}")
