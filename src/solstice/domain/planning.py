"""From a workflow and what happened to a plan: triggers asked, matrices unrolled, needs resolved."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from solstice.domain.answering import fill_inputs
from solstice.domain.diagnostic import Diagnostic, Severity, Span
from solstice.domain.expression import EvaluationMistake, Scope, describe_occasion, parse_template, render
from solstice.domain.matrix import Combination, unroll
from solstice.domain.plan import (
    Concurrency,
    FetchPlan,
    JobPlan,
    MatrixPlan,
    Occasion,
    Plan,
    Resources,
    Scalar,
)
from solstice.domain.suggestion import did_you_mean
from solstice.domain.triggering import explain_skip
from solstice.domain.workflow.grammar import Unfit
from solstice.domain.workflow.kinds import LONGEST_NAME, read_cpus, read_label, read_size, scalar_text
from solstice.domain.workflow.limits import Limits
from solstice.domain.workflow.taking import tame
from solstice.domain.workflow.values import Job, Placed, Schedule, WantedResources, Workflow

T = TypeVar("T")

LARGEST_PLAN = 16 << 20
"""Characters of commands in all jobs together: a matrix multiplies a long script."""
_ID_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning came to. With an error among the diagnostics there is no plan.

    What is wrong with a person's answers has no place in the file; its span is empty, at the start.
    """

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...] = ()


def plan(workflow: Workflow, occasion: Occasion, default_label: str, limits: Limits | None = None) -> Planned:
    """Plan ``workflow`` for ``occasion``; a job without a label gets ``default_label``."""
    skipped = tame(explain_skip(workflow.triggers, occasion))
    if skipped:
        return Planned(Plan(workflow.name, occasion, (), skipped, priority=workflow.priority))
    asked = occasion.event == "manual"
    inputs, mistakes = fill_inputs(workflow.inputs, occasion.inputs, asked=asked)
    planner = _Planner(workflow, replace(occasion, inputs=inputs), default_label, limits or Limits())
    made = planner.plan()
    mistakes = (*mistakes, *dict.fromkeys(planner.mistakes))
    failed = any(mistake.severity is Severity.ERROR for mistake in mistakes)
    return Planned(None if failed else made, mistakes)


class _Planner:
    """Plans one workflow; ``mistakes`` grows as it goes."""

    def __init__(self, workflow: Workflow, occasion: Occasion, default_label: str, limits: Limits) -> None:
        self.workflow = workflow
        self.occasion = occasion
        self.default_label = default_label
        self.limits = limits
        self.mistakes: list[Diagnostic] = []

    def plan(self) -> Plan:
        ordered = _order(self.workflow.jobs)
        combinations = self._unroll(ordered)
        ids = _name_jobs(ordered, combinations)
        return Plan(
            workflow=self.workflow.name,
            occasion=self.occasion,
            jobs=tuple(
                self._plan_job(job, combination, id_, ids)
                for job in ordered
                for combination, id_ in zip(combinations[job.id], ids[job.id], strict=True)
            ),
            concurrency=self._plan_concurrency(),
            priority=self.workflow.priority,
            left_to_server=tuple(map(tame, _leave_to_server(self.workflow))),
        )

    def _unroll(self, jobs: Sequence[Job]) -> dict[str, tuple[Combination, ...]]:
        unrolled: dict[str, tuple[Combination, ...]] = {}
        left, size = self.limits.jobs, 0
        for job in jobs:
            made = unroll(job.matrix, left) if job.matrix else ((),)
            if made is None or len(made) > left:
                self._refuse(
                    "limit-jobs", "with this job there are too many", job.span, f"at most {self.limits.jobs}"
                )
                made = ()
            left -= len(made)
            size += len(made) * sum(len(step.run.text) for step in job.steps if step.run)
            if size > LARGEST_PLAN:
                message = "with this job the commands of all jobs are too long together"
                self._refuse("limit-plan", message, job.span, f"at most {LARGEST_PLAN:,} characters")
                made, size = (), 0
            unrolled[job.id] = made
        return unrolled

    def _plan_job(
        self, job: Job, combination: Combination, id_: str, ids: Mapping[str, Sequence[str]]
    ) -> JobPlan:
        scope = self._scope(combination)
        matrix = job.matrix
        return JobPlan(
            id=id_,
            job=job.id,
            runs_on=self._choose(job.runs_on, scope, self.limits.labels) or self.default_label,
            steps=job.steps,
            matrix=MatrixPlan(combination, matrix.fail_fast, matrix.max_parallel) if matrix else None,
            needs=tuple(id_ for need in job.needs for id_ in ids[need]),
            needs_jobs=job.needs,
            condition=job.condition,
            timeout=job.timeout,
            retries=job.retries,
            resources=self._plan_resources(job.resources, scope),
            network=job.network,
            env=job.env,
            secrets=job.secrets,
            checkout=job.checkout,
            caches=job.caches,
            fetches=tuple(self._plan_fetches(job, ids)),
            artifacts=job.artifacts,
            reports=job.reports,
            gate=job.gate,
        )

    def _plan_fetches(self, job: Job, ids: Mapping[str, Sequence[str]]) -> Iterator[FetchPlan]:
        unrolled = {other.id for other in self.workflow.jobs if other.matrix}
        for fetch in job.fetches:
            yield FetchPlan(fetch.artifact, tuple(ids[fetch.job]), fetch.job in unrolled)

    def _plan_resources(self, wanted: WantedResources, scope: Scope) -> Resources:
        return Resources(
            size=self._choose(wanted.size, scope, self.limits.sizes),
            cpus=self._fill(wanted.cpus, scope, read_cpus),
            memory=self._fill(wanted.memory, scope, read_size),
            disk=self._fill(wanted.disk, scope, read_size),
        )

    def _plan_concurrency(self) -> Concurrency | None:
        wanted = self.workflow.concurrency
        if not wanted:
            return None
        group = self._fill(wanted.group, self._scope(()), read_label)
        return Concurrency(group, wanted.cancel_running) if group else None

    def _scope(self, combination: Combination) -> Scope:
        return Scope(describe_occasion(self.occasion, self.workflow.name, matrix=combination))

    def _choose(self, wanted: str | Placed | None, scope: Scope, known: tuple[str, ...] | None) -> str | None:
        """Fill in a name, which has to be one the operator offers."""
        name = self._fill(wanted, scope, read_label)
        if name is not None and known is not None and name not in known and isinstance(wanted, Placed):
            message = f"this system has nothing called `{name}`"
            expected = f"one of {', '.join(known)}" if known else "nothing: the image map is empty"
            self._refuse("unknown-label", message, wanted.span, expected, did_you_mean(name, known))
        return name

    def _fill(self, wanted: T | Placed | None, scope: Scope, read: Callable[[Scalar], T]) -> T | None:
        if not isinstance(wanted, Placed):
            return wanted
        try:
            return read(render(parse_template(wanted.text).parts, scope))
        except EvaluationMistake as mistake:
            self._refuse("evaluation-failed", mistake.message, wanted.span)
        except Unfit as unfit:
            self._refuse(
                unfit.code, f"{unfit}, once it is filled in", wanted.span, unfit.expected, unfit.hint
            )
        return None

    def _refuse(self, code: str, message: str, span: Span, expected: str = "", hint: str = "") -> None:
        self.mistakes.append(Diagnostic(code, tame(message), span, tame(expected), tame(hint)))


def _order(jobs: Sequence[Job]) -> list[Job]:
    """Each job after those it needs, else as written."""
    waiting = {job.id: {need for need in job.needs if need != job.id} for job in jobs}
    ordered: list[Job] = []
    left = list(jobs)
    while left:
        ready = [job for job in left if not waiting[job.id]]
        # No workflow file gets here with a circle; values made elsewhere must not loop for ever.
        if not ready:
            raise ValueError(f"these jobs wait for each other: {', '.join(job.id for job in left)}")
        done = {job.id for job in ready}
        ordered += ready
        left = [job for job in left if job.id not in done]
        for needs in waiting.values():
            needs -= done
    return ordered


def _name_jobs(
    jobs: Sequence[Job], combinations: Mapping[str, Sequence[Combination]]
) -> dict[str, tuple[str, ...]]:
    """A plan id for each job, unique in the plan, made of the job's id and its combination's values."""
    # The ids as written come first, so that no combination of another job can take one of them.
    taken = {job.id for job in jobs if not job.matrix}
    names: dict[str, tuple[str, ...]] = {}
    for job in jobs:
        if not job.matrix:
            names[job.id] = (job.id,) * len(combinations[job.id])
            continue
        axes = {name for name, _ in job.matrix.axes}
        made = []
        for combination in combinations[job.id]:
            values = [value for name, value in combination if name in axes] or [
                value for _, value in combination
            ]
            made.append(_make_unique("-".join((job.id, *map(_id_part, values))), taken))
        names[job.id] = tuple(made)
    return names


def _id_part(value: Scalar) -> str:
    return "".join(char if char in _ID_CHARS else "_" for char in scalar_text(value)) or "_"


def _make_unique(wanted: str, taken: set[str]) -> str:
    name, number = wanted[:LONGEST_NAME], 1
    while name in taken:
        number += 1
        suffix = f"-{number}"
        name = wanted[: LONGEST_NAME - len(suffix)] + suffix
    taken.add(name)
    return name


def _leave_to_server(workflow: Workflow) -> Iterator[str]:
    """A phrase for each thing that needs somebody to be there all the time."""
    for trigger in workflow.triggers:
        if isinstance(trigger, Schedule):
            yield f'schedule "{trigger.cron}" ({trigger.timezone})'
    if workflow.concurrency:
        yield f'concurrency group "{workflow.concurrency.group.text}"'
    if workflow.priority:
        yield f"priority {workflow.priority}"
    for job in workflow.jobs:
        if job.gate:
            yield f'gate "{job.gate}" before {job.id}'
