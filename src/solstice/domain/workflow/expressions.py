"""The expressions of a workflow: each parsed where it stands, its names held against what exists there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from solstice.domain.diagnostic import Source
from solstice.domain.expression import (
    KnownNames,
    ParsedExpression,
    ParsedTemplate,
    check_names,
    parse_expression,
    parse_template,
)
from solstice.domain.workflow.embedded import frame_within
from solstice.domain.workflow.grammar import Holes
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Reading, Written


@dataclass(frozen=True, slots=True)
class ExpressionCheck:
    """Everything needed to judge an expression anywhere in one workflow."""

    source: Source
    reader: Reader
    workflow: Reading
    inputs: frozenset[str]
    by_id: Mapping[str, Reading]

    def run(self) -> None:
        """Report every mistake in every expression."""
        around = frozenset(_variables(self.workflow))
        outside = KnownNames(inputs=self.inputs, env=around)
        self._check_below(self.workflow, outside, besides=("job",))
        for job in self.workflow.all("job"):
            self._check_job(job, outside)

    def _check_job(self, job: Reading, outside: KnownNames) -> None:
        matrix = job.child("matrix")
        needs = {
            name: self.by_id[name].child("matrix") is None
            for name in job.many("needs", str)
            if name in self.by_id
        }
        names = replace(
            outside,
            matrix=frozenset(_axes(matrix)) if matrix else None,
            needs=needs,
            needs_allowed=True,
            env=(outside.env or frozenset()) | frozenset(_variables(job)),
        )
        self._check_below(job, names, besides=("step",))
        for step in job.all("step"):
            self._check_below(
                step, replace(names, env=(names.env or frozenset()) | frozenset(_variables(step)))
            )

    def _check_below(self, top: Reading, names: KnownNames, besides: tuple[str, ...] = ()) -> None:
        waiting = [top]
        while waiting:
            reading = waiting.pop()
            for written in reading.everything():
                self._check(written, names)
            for name, found in reading.children.items():
                if reading is not top or name not in besides:
                    waiting.extend(found)

    def _check(self, written: Written, names: KnownNames) -> None:
        text, holes = written.value, written.kind.holes
        if holes is Holes.REFUSED or not isinstance(text, str):
            return
        parsed: ParsedExpression | ParsedTemplate
        if written.kind.is_condition:
            env = None if holes is Holes.JOB_CONDITION else names.env
            names = replace(names, env=env, status_functions_allowed=True)
            parsed = parse_expression(text)
        elif "${{" in text:
            if holes is Holes.PLANNING:
                names = replace(names, needs_allowed=False, env=None)
            names = replace(names, hash_allowed=holes is Holes.CACHE_KEY)
            parsed = parse_template(text)
        else:
            return
        for mistake in (*parsed.mistakes, *check_names(parsed, names)):
            span = frame_within(self.source, written.raw, mistake.span.start, mistake.span.end)
            self.reader.mistakes.append(replace(mistake, span=span))


def _variables(reading: Reading) -> Iterator[str]:
    env = reading.child("env")
    return (entry.name for entry in env.entries) if env else iter(())


def _axes(matrix: Reading) -> Iterator[str]:
    for reading in (matrix, *matrix.all("include")):
        yield from (entry.name for entry in reading.entries)
