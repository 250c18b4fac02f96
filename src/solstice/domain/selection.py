"""A part of a plan: the jobs a person picked, and those whose data they cannot do without."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace

from solstice.domain.errors import OperatorMistake
from solstice.domain.expression.coercion import to_text
from solstice.domain.plan import Condition, JobPlan, Plan, Template
from solstice.domain.suggestion import did_you_mean


def select(plan: Plan, jobs: Iterable[str], matrix: Mapping[str, str]) -> Plan:
    """The plan with only the jobs named (by their id in the file or in the plan) and matching ``matrix``.

    A job that reads another's artifacts, outputs or result brings that one along; other needs are taken
    as met. Raises `OperatorMistake` for an id or a matrix value that no job has.
    """
    wanted = _picked(plan, tuple(jobs), matrix)
    by_id = {job.id: job for job in plan.jobs}
    kept: dict[str, JobPlan] = {}
    queue = list(wanted)
    while queue:
        job = by_id[queue.pop()]
        if job.id not in kept:
            kept[job.id] = job
            queue += _cannot_do_without(job)
    return replace(
        plan,
        jobs=tuple(
            replace(job, needs=tuple(need for need in job.needs if need in kept))
            for job in plan.jobs
            if job.id in kept
        ),
    )


def _picked(plan: Plan, names: tuple[str, ...], matrix: Mapping[str, str]) -> list[str]:
    known = [name for job in plan.jobs for name in (job.job, job.id)]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise OperatorMistake(f"no job is called {name!r}{hint and '; '}{hint}", "See `solstice plan`.")
    named = [job for job in plan.jobs if not names or job.job in names or job.id in names]
    chosen = [job.id for job in named if _matches(job, matrix)]
    if not chosen:
        asked = ", ".join(f"{key}={value}" for key, value in matrix.items())
        raise OperatorMistake(f"no job has the matrix values {asked}", "See `solstice plan`.")
    return chosen


def _matches(job: JobPlan, matrix: Mapping[str, str]) -> bool:
    values = {key: to_text(value) for key, value in (job.matrix.values if job.matrix else ())}
    return all(values.get(key) == value for key, value in matrix.items())


def _cannot_do_without(job: JobPlan) -> tuple[str, ...]:
    if any("needs." in text or "needs[" in text for text in _texts(job)):
        return job.needs
    return tuple(name for fetch in job.fetches for name in fetch.jobs)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Template | Condition):
        yield value.text
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
