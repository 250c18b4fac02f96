"""What a matrix says: axes that exist, values that meet, and a number of jobs that can be run."""

from collections.abc import Sequence

from solstice.domain.diagnostic import Severity
from solstice.domain.matrix import MOST_NAMED, Combination, Matrix, same_value, unroll
from solstice.domain.scalar import Scalar
from solstice.domain.workflow.kinds import scalar_text
from solstice.domain.workflow.limits import Limits
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Entry, Reading


def check_matrices(reader: Reader, jobs: Sequence[Reading], limits: Limits) -> None:
    """Report what is wrong in each matrix, and too many jobs in all, counting only as far as the limit."""
    if len(jobs) > limits.jobs:
        message = f"this workflow has {len(jobs)} jobs"
        reader.refuse(
            "limit-jobs", message, jobs[limits.jobs].node.name_span, expected=f"at most {limits.jobs}"
        )
        return
    left = limits.jobs - sum(1 for job in jobs if not job.child("matrix"))
    for job in jobs:
        reading = job.child("matrix")
        if reading:
            _check_matrix(reader, reading)
            left -= _count(reader, reading, left, limits)


def build_matrix(reading: Reading) -> Matrix:
    """Build a matrix from its axes, includes and excludes."""
    return Matrix(
        axes=tuple((entry.name, entry.scalars) for entry in reading.entries if entry.values),
        exclude=_combinations(reading.all("exclude")),
        include=_combinations(reading.all("include")),
        fail_fast=reading.one("fail_fast", bool) is not False,
        max_parallel=reading.one("max_parallel", int),
    )


def _combinations(readings: Sequence[Reading]) -> tuple[Combination, ...]:
    # One that names nothing is reported elsewhere; here it would agree with everything.
    named = (tuple((e.name, e.scalars[0]) for e in reading.entries if e.values) for reading in readings)
    return tuple(combination for combination in named if combination)


def _count(reader: Reader, reading: Reading, left: int, limits: Limits) -> int:
    for name in ("include", "exclude"):
        if len(named := reading.all(name)) > MOST_NAMED:
            message, first = f"this matrix has {len(named)} `{name}`", named[MOST_NAMED].node.name_span
            reader.refuse("limit-entries", message, first, expected=f"at most {MOST_NAMED}")
            return 0
    matrix = build_matrix(reading)
    combinations = unroll(matrix, max(left, 0)) if left >= 0 else None
    if combinations is None:
        many = (
            f"{matrix.size:,} jobs from its axes" if matrix.size < 10**15 else "more jobs than can be counted"
        )
        before = limits.jobs - max(left, 0)
        reader.refuse(
            "limit-jobs",
            f"this matrix makes {many}" + (f", beside {before} others" if before else ""),
            reading.node.name_span,
            expected=f"at most {limits.jobs} jobs in all",
            hint="take values away from an axis, or split the workflow's work differently",
        )
        return limits.jobs
    if not combinations:
        message = "every combination is excluded" if matrix.axes else "this matrix has no axis"
        reader.refuse("empty-matrix", message, reading.node.name_span, expected="at least one combination")
    return len(combinations)


def _check_matrix(reader: Reader, reading: Reading) -> None:
    axes = {entry.name: entry for entry in reading.entries}
    for axis in reading.entries:
        _check_values(reader, axis)
    for combination in (*reading.all("include"), *reading.all("exclude")):
        if not combination.entries and not combination.attempted:
            message = f"`{combination.node.name}` names no values"
            reader.refuse(
                "missing-argument", message, combination.node.name_span, expected='such as os="debian-12"'
            )
    for exclude in reading.all("exclude"):
        for entry in exclude.entries:
            _check_exclude(reader, entry, axes)


def _check_values(reader: Reader, axis: Entry) -> None:
    seen: set[tuple[type, Scalar]] = set()
    for written in axis.values:
        key = (type(written.raw.scalar), written.raw.scalar)
        if key in seen:
            reader.refuse("duplicate-value", "this value is already there", written.span, hint="leave it out")
        seen.add(key)


def _check_exclude(reader: Reader, entry: Entry, axes: dict[str, Entry]) -> None:
    axis = axes.get(entry.name)
    if axis is None:
        message, hint = f"the matrix has no axis `{entry.name}`", reader.suggest(entry.name, axes)
        reader.refuse(
            "unknown-axis", message, entry.name_span, expected=", ".join(axes) or "an axis", hint=hint
        )
        return
    for written in entry.values:
        value = written.raw.scalar
        known = [other.raw.scalar for other in axis.values]
        if known and not any(same_value(value, other) for other in known):
            twin = next((other for other in known if scalar_text(other) == scalar_text(value)), None)
            mended = (
                f'"{twin}" in quotes' if isinstance(twin, str) else f"`{scalar_text(twin)}` without quotes"
            )
            reader.refuse(
                "matches-nothing",
                f"`{entry.name}` is never `{scalar_text(value)}`, so this excludes nothing",
                written.span,
                expected=", ".join(scalar_text(other) for other in known[:20]),
                hint=f"write {mended}"
                if twin is not None
                else reader.suggest(scalar_text(value), map(scalar_text, known)),
                severity=Severity.WARNING,
            )
