"""The command that runs one job again alone."""

import shlex
from dataclasses import dataclass

from solstice.domain.plan import JobPlan, Plan

_KEPT = frozenset(
    (
        "event input branch commit dirty hypervisor image images secret secret-file"
        " config cache-dir state-dir boot-limit"
    ).split()
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

    def write(other: JobPlan) -> dict[str, str]:
        return {name: to_text(value) for name, value in (other.matrix.values if other.matrix else ())}

    # As texts, for that is how `--matrix` compares them: a sibling may have "1" where this one has 1, or an
    # ``include`` gave it all of this one's values and more. Then only the plan's id tells them apart.
    values = write(job)
    alike = [other for other in plan.jobs if other.job == job.job and values.items() <= write(other).items()]
    if len(alike) > 1:
        return ["--job", job.id]
    words = ["--job", job.job]
    for name, text in values.items():
        words += ["--matrix", f"{name}={text}"]
    return words


def _write_option(name: str, value: str) -> list[str]:
    if not value:
        return [f"--{name}"]
    return [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]
