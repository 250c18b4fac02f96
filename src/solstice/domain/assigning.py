"""What becomes of a job when its turn comes: whether it runs, and what its agent is then told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from solstice.domain.assignment import (
    ArtifactAssignment,
    Assignment,
    CacheAssignment,
    FetchAssignment,
    KeyPart,
    Need,
    StepAssignment,
)
from solstice.domain.errors import AuthorMistake
from solstice.domain.expression import (
    CANCELLED,
    FAILURE,
    SUCCESS,
    EvaluationMistake,
    Expression,
    Scope,
    Status,
    asks_status,
    describe_occasion,
    evaluate,
    is_true,
    parse_expression,
    parse_template,
    render,
)
from solstice.domain.expression.functions import HASH
from solstice.domain.expression.syntax import Call, TemplatePart
from solstice.domain.plan import CachePlan, Condition, FetchPlan, JobPlan, Occasion, StepPlan, Template

_LONGEST_QUOTE = 80


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a job runs, and if it is skipped, why, in one line."""

    run: bool
    reason: str = ""


RUN: Final = Decision(True)


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the running system knows of a job."""

    repo_url: str
    pipeline_id: str
    job_id: str


def decide(job: JobPlan, occasion: Occasion, needs: Sequence[Need], workflow: str) -> Decision:
    """Whether ``job`` runs, now that all its ``needs`` are over; raises `AuthorMistake`.

    Without an ``if`` every need must have succeeded. An ``if`` that asks for no status means the same
    and its own condition besides; one that asks (``always()``, ``failure()``) decides alone.
    """
    status = _status_of(needs)
    if job.condition is None:
        return RUN if status.success else Decision(False, _blame(needs))
    contexts = _describe(job, occasion, workflow, needs)
    filler = _Filler(f'job "{job.id}"', contexts | {"env": _fill_job_env(job, contexts)})
    condition = filler.read_condition(job.condition)
    if not status.success and not asks_status(condition):
        return Decision(False, _blame(needs))
    if filler.holds(condition, status):
        return RUN
    return Decision(False, f"its if is false: {_shorten(condition.text)}")


def assign(
    job: JobPlan, occasion: Occasion, workflow: str, needs: Sequence[Need], facts: Facts
) -> Assignment:
    """Everything the agent is told: templates filled, conditions decided; raises `AuthorMistake`."""
    contexts = _describe(job, occasion, workflow, needs)
    env = _fill_job_env(job, contexts)
    filler = _Filler(f'job "{job.id}"', contexts | {"env": env})
    return Assignment(
        job=job.id,
        steps=tuple(_assign_step(step, job.id, contexts, env) for step in job.steps),
        env=tuple(({"CI": "true"} | env | _describe_facts(occasion, facts)).items()),
        secrets=job.secrets,
        checkout=job.checkout,
        timeout=job.timeout,
        caches=tuple(_assign_cache(cache, filler) for cache in job.caches),
        fetches=tuple(fetch for plan in job.fetches for fetch in _assign_fetch(plan, filler)),
        artifacts=tuple(
            ArtifactAssignment(filler.fill(artifact.name), tuple(map(filler.fill, artifact.paths)))
            for artifact in job.artifacts
        ),
        reports=tuple(filler.fill(report.path) for report in job.reports),
    )


def _fill_job_env(job: JobPlan, contexts: Mapping[str, object]) -> dict[str, str]:
    return _Filler(f'env of job "{job.id}"', contexts).fill_env(job.env)


def _assign_step(
    step: StepPlan, job: str, contexts: Mapping[str, object], env: Mapping[str, str]
) -> StepAssignment:
    where = f'job "{job}", step "{step.name}"'
    own = _Filler(where, {**contexts, "env": dict(env)}).fill_env(step.env)
    filler = _Filler(where, {**contexts, "env": {**env, **own}})
    success, failure, cancel = _decide_step(step.condition, filler)
    return StepAssignment(
        name=step.name,
        kind=step.kind,
        run=None if step.run is None else filler.fill(step.run),
        path=step.path,
        shell=step.shell,
        timeout=step.timeout,
        allow_failure=step.allow_failure,
        on_success=success,
        on_failure=failure,
        on_cancel=cancel,
        env=tuple(own.items()),
    )


def _decide_step(condition: Condition | None, filler: "_Filler") -> tuple[bool, bool, bool]:
    """Whether the step runs after success, after a failure, after a cancel."""
    if condition is None:
        return True, False, False
    read = filler.read_condition(condition)
    if not asks_status(read):
        return filler.holds(read, SUCCESS), False, False
    return filler.holds(read, SUCCESS), filler.holds(read, FAILURE), filler.holds(read, CANCELLED)


def _assign_cache(cache: CachePlan, filler: "_Filler") -> CacheAssignment:
    return CacheAssignment(
        key=tuple(filler.split_key(cache.key)),
        restore=tuple(map(filler.fill, cache.restore)),
        paths=tuple(map(filler.fill, cache.paths)),
    )


def _assign_fetch(fetch: FetchPlan, filler: "_Filler") -> Iterator[FetchAssignment]:
    artifact = filler.fill(fetch.artifact)
    for job in fetch.jobs:
        yield FetchAssignment(artifact, job, job if fetch.from_matrix else "")


def _describe_facts(occasion: Occasion, facts: Facts) -> dict[str, str]:
    return {
        "SOLSTICE": "true",
        "SOLSTICE_REPO_URL": facts.repo_url,
        "SOLSTICE_COMMIT_SHA": occasion.sha,
        "SOLSTICE_REF": occasion.ref,
        "SOLSTICE_BRANCH": occasion.branch,
        "SOLSTICE_TAG": occasion.tag,
        "SOLSTICE_EVENT": occasion.event,
        "SOLSTICE_PIPELINE_ID": facts.pipeline_id,
        "SOLSTICE_JOB_ID": facts.job_id,
    }


def _status_of(needs: Sequence[Need]) -> Status:
    results = {need.result for need in needs}
    return Status(results <= {"success"}, "failure" in results, "cancelled" in results)


_WORDS = {"failure": "which failed", "cancelled": "which was cancelled", "skipped": "which was skipped"}


def _blame(needs: Sequence[Need]) -> str:
    """The worst of the needs that did not succeed: a skipped one usually follows from another."""
    for result, words in _WORDS.items():
        for need in needs:
            if need.result == result:
                return f'needs "{need.job}", {words}'
    return ""


def _describe(job: JobPlan, occasion: Occasion, workflow: str, needs: Sequence[Need]) -> dict[str, object]:
    return describe_occasion(
        occasion,
        workflow,
        matrix=job.matrix.values if job.matrix else (),
        needs={need.job: {"result": need.result, "outputs": dict(need.outputs)} for need in needs},
    )


class _Filler:
    """Fills the templates and decides the conditions of one place, and names it in every mistake."""

    def __init__(self, where: str, contexts: Mapping[str, object]) -> None:
        self._where = where
        self._contexts = contexts

    def fill(self, template: Template) -> str:
        return self._render(template.text, self._parts(template))

    def fill_env(self, env: Sequence[tuple[str, Template]]) -> dict[str, str]:
        """In order: a variable may mention those before it."""
        outer = self._contexts.get("env")
        visible: dict[str, object] = dict(outer) if isinstance(outer, Mapping) else {}
        filled: dict[str, str] = {}
        for name, template in env:
            scope = Scope({**self._contexts, "env": visible})
            value = self._render(template.text, self._parts(template), scope)
            visible[name] = filled[name] = value
        return filled

    def split_key(self, template: Template) -> Iterator[KeyPart]:
        for part in self._parts(template):
            root = part.root if isinstance(part, Expression) else None
            if isinstance(root, Call) and root.name.casefold() == HASH:
                globs = (Expression(template.text, glob, glob.span) for glob in root.arguments)
                yield KeyPart(globs=tuple(self._render(template.text, (glob,)) for glob in globs))
            else:
                yield KeyPart(literal=self._render(template.text, (part,)))

    def read_condition(self, condition: Condition) -> Expression:
        parsed = parse_expression(condition.text)
        if parsed.expression is None:
            raise self._mistake(condition.text, parsed.mistakes[0].message)
        return parsed.expression

    def holds(self, condition: Expression, status: Status) -> bool:
        try:
            return is_true(evaluate(condition, Scope(self._contexts, status)))
        except EvaluationMistake as mistake:
            raise self._mistake(condition.text, mistake.message) from mistake

    def _parts(self, template: Template) -> tuple[TemplatePart, ...]:
        parsed = parse_template(template.text)
        if parsed.mistakes:
            raise self._mistake(template.text, parsed.mistakes[0].message)
        return parsed.parts

    def _render(self, text: str, parts: Sequence[TemplatePart], scope: Scope | None = None) -> str:
        try:
            filled = render(parts, scope or Scope(self._contexts))
        except EvaluationMistake as mistake:
            raise self._mistake(text, mistake.message) from mistake
        if "\0" in filled:
            # Neither an environment nor a command line can carry it; JSON in a value can.
            raise self._mistake(text, "the value holds a NUL character")
        return filled

    def _mistake(self, text: str, message: str) -> AuthorMistake:
        return AuthorMistake(f"{self._where}: {message}, in: {_shorten(text)}")


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"
