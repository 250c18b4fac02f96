"""A job's matrix: how many combinations it makes, and which they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from math import prod

from solstice.domain.scalar import Scalar

Combination = tuple[tuple[str, Scalar], ...]
"""Names and values in written order."""

LARGEST = 4096
"""Combinations the axes may make before ``exclude`` is even looked at."""
MOST_NAMED = 256
"""How often ``include``, and ``exclude``, may be written."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The axes of a job, the combinations taken away and those added, and how its jobs run."""

    axes: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()
    exclude: tuple[Combination, ...] = ()
    include: tuple[Combination, ...] = ()
    fail_fast: bool = True
    max_parallel: int | None = None

    @property
    def size(self) -> int:
        """How many combinations the axes make, before any is taken away or added; by arithmetic alone."""
        return prod(len(values) for _, values in self.axes) if self.axes else 0

    @property
    def names(self) -> frozenset[str]:
        """Every name an expression may ask for."""
        return frozenset(name for name, _ in self.axes) | {key for extra in self.include for key, _ in extra}


def unroll(matrix: Matrix, most: int) -> tuple[Combination, ...] | None:
    """Make every combination, in the order of the axes as written; ``None`` if there are more than ``most``.

    An ``include`` is added to each combination whose axes it agrees with (it may replace what an earlier
    ``include`` added, never an axis); if it agrees with none, it is a combination of its own. These are
    the rules of GitHub's matrix. A huge matrix is refused by arithmetic, before any work.
    """
    if matrix.size > LARGEST or max(len(matrix.include), len(matrix.exclude)) > MOST_NAMED:
        return None
    originals = list(islice(_remaining(matrix), most + 1))
    combinations = _with_includes(matrix, originals) if len(originals) <= most else ()
    return combinations if len(originals) <= most and len(combinations) <= most else None


def _with_includes(matrix: Matrix, originals: list[Combination]) -> tuple[Combination, ...]:
    axes = {name for name, _ in matrix.axes}
    agreeable = [{name: _identity(value) for name, value in original} for original in originals]
    extended = [dict(original) for original in originals]
    added: list[Combination] = []
    for extra in matrix.include:
        wanted = [(name, _identity(value)) for name, value in extra if name in axes]
        hosts = [
            i for i, known in enumerate(agreeable) if all(known[name] == value for name, value in wanted)
        ]
        for i in hosts:
            extended[i].update((name, value) for name, value in extra if name not in axes)
        if not hosts:
            added.append(extra)
    return (*(tuple(values.items()) for values in extended), *added)


def _remaining(matrix: Matrix) -> Iterator[Combination]:
    if not matrix.axes:
        return
    names = [name for name, _ in matrix.axes]
    # Grouped by the names they speak of: a combination asks once for each group, not for each exclude.
    refused: dict[tuple[str, ...], set[tuple[object, ...]]] = {}
    for combination in matrix.exclude:
        ordered = sorted(combination, key=lambda pair: pair[0])
        key = tuple(name for name, _ in ordered)
        refused.setdefault(key, set()).add(tuple(_identity(value) for _, value in ordered))
    for values in product(*(values for _, values in matrix.axes)):
        known = dict(zip(names, values, strict=True))
        if not any(
            all(name in known for name in key) and tuple(_identity(known[name]) for name in key) in group
            for key, group in refused.items()
        ):
            yield tuple(known.items())


def _identity(value: Scalar) -> object:
    # To Python 1, 1.0 and True are one value; to the author `#true` and 1 are not.
    return (isinstance(value, bool), value)


def same_value(left: Scalar, right: Scalar) -> bool:
    """Tell whether two values are one to their author: ``1`` is ``1.0``, but neither ``"1"`` nor true."""
    return _identity(left) == _identity(right)
