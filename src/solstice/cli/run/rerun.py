"""The command that runs one job again alone."""

import shlex
from dataclasses import dataclass

from solstice.domain.plan import JobPlan, Plan

_KEPT = frozenset(
    "event input branch commit dirty hypervisor image images secret secret-file config cache-dir".split()
)
"""The options that change what a job does; ``--json``, ``--jobs`` and the like do not."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed after ``solstice run``: the path, and options as (name, value), "" for a mere flag.

    Options that say nothing about what a job does (``json``, ``jobs``) may be among them.
    """

    path: str = ""
    options: tuple[tuple[str, str], ...] = ()


def rerun_command(plan: Plan, job: JobPlan, given: Given) -> str:
    """Write the command, quoted for a POSIX shell, that runs ``job`` again alone as it was run."""
    words = ["solstice", "run"]
    if given.path:
        words.append(given.path if not given.path.startswith("-") else f"./{given.path}")
    words += _select(plan, job)
    for name, value in given.options:
        if name in _KEPT:
            words += _write_option(name, value)
    return shlex.join(words)


def _select(plan: Plan, job: JobPlan) -> list[str]:
    # Late: the expression language is much to load for `solstice doctor`, which shares our symbols.
    from solstice.domain.expression.coercion import to_text

    values = dict(job.matrix.values) if job.matrix else {}
    alike = [
        other
        for other in plan.jobs
        if other.job == job.job and other.matrix and values.items() <= dict(other.matrix.values).items()
    ]
    if len(alike) > 1:
        # An ``include`` gave a sibling all of its values and more: only the plan's id tells them apart.
        return ["--job", job.id]
    words = ["--job", job.job]
    for name, value in values.items():
        words += ["--matrix", f"{name}={to_text(value)}"]
    return words


def _write_option(name: str, value: str) -> list[str]:
    if not value:
        return [f"--{name}"]
    return [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]
