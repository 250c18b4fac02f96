"""From the text of a workflow file to every mistake in it, and to its nodes if there is none."""

from collections.abc import Iterable
from dataclasses import dataclass

from solstice.domain.diagnostic import Diagnostic, Severity, Source, Span
from solstice.domain.kdl import Node, decode, parse
from solstice.domain.workflow.declarations import check_environment, check_inputs
from solstice.domain.workflow.graph import check_graph
from solstice.domain.workflow.jobs import check_fetches, check_job, check_offer, check_timeout
from solstice.domain.workflow.language import FILE
from solstice.domain.workflow.limits import Limits
from solstice.domain.workflow.matrices import check_matrices
from solstice.domain.workflow.reading import read_node
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Reading

_MOST_MISTAKES = 200
_ABSENCES = frozenset(
    {"missing-argument", "missing-value", "missing-node", "empty-job", "empty-matrix", "unknown-need"}
    | {"unknown-artifact", "fetch-without-need", "unknown-axis", "unknown-name", "misplaced-context"}
)
"""What may be untrue where a part of the text could not be read."""


@dataclass(frozen=True, slots=True)
class CheckedWorkflow:
    """A text held against the language. ``reading`` is there if nothing in it is an error."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    reading: Reading | None = None


def check_workflow(source: Source, limits: Limits | None = None) -> CheckedWorkflow:
    """Check a text, reporting every mistake in the order of their places."""
    limits = limits or Limits()
    # No character is less than a byte, so the first question spares encoding what is far too long.
    if (
        len(source.text) > limits.file_bytes
        or len(source.text.encode("utf-8", "replace")) > limits.file_bytes
    ):
        return CheckedWorkflow(source, (_refuse_size(limits),))
    return _check_text(source, limits, ())


def check_workflow_bytes(data: bytes, file: str, limits: Limits | None = None) -> CheckedWorkflow:
    """Check a file as it came from a disk or a forge."""
    limits = limits or Limits()
    if len(data) > limits.file_bytes:
        return CheckedWorkflow(Source(file, ""), (_refuse_size(limits),))
    text, mistakes = decode(data)
    return _check_text(Source(file, text), limits, mistakes)


def _check_text(source: Source, limits: Limits, undecodable: tuple[Diagnostic, ...]) -> CheckedWorkflow:
    document = parse(source.text, deepest=limits.nesting)
    reader = Reader(source, document.version)
    top = Node("file", Span(0, 0), Span(0, 0), children=document.nodes, has_children=True)
    workflow = read_node(reader, top, FILE).child("workflow")
    if workflow:
        _check_nodes(reader, workflow, source, limits)
    unreadable = (*undecodable, *document.mistakes)
    found: Iterable[Diagnostic] = reader.mistakes
    if unreadable:
        found = (mistake for mistake in found if mistake.code not in _ABSENCES)
    diagnostics = _arrange((*unreadable, *found))
    failed = any(mistake.severity is Severity.ERROR for mistake in diagnostics)
    return CheckedWorkflow(source, diagnostics, None if failed else workflow)


def _check_nodes(reader: Reader, workflow: Reading, source: Source, limits: Limits) -> None:
    jobs = workflow.all("job")
    by_id = check_graph(reader, jobs)
    for job in jobs:
        check_job(reader, job, limits)
    for defaults in workflow.all("defaults"):
        check_timeout(reader, defaults, limits)
        # What every job overrides is harmless, and no plan would refuse it.
        if any("runs_on" not in job.attempted for job in jobs):
            check_offer(reader, defaults, limits)
    check_matrices(reader, jobs, limits)
    if len(jobs) <= limits.jobs:
        for job in jobs:
            check_fetches(reader, job, by_id)
    inputs = check_inputs(reader, workflow.all("on"))
    check_environment(reader, iter((workflow, *jobs, *(step for job in jobs for step in job.all("step")))))
    if reader.has_expressions:
        # Half of the time to start goes into what most small workflows never use.
        from solstice.domain.workflow.expressions import ExpressionCheck

        ExpressionCheck(source, reader, workflow, inputs, by_id).run()


def _arrange(mistakes: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: (mistake.span.start, mistake.span.end))
    if len(ordered) <= _MOST_MISTAKES:
        return tuple(ordered)
    more = len(ordered) - _MOST_MISTAKES
    last = ordered[_MOST_MISTAKES]
    return (
        *ordered[:_MOST_MISTAKES],
        Diagnostic("too-many-mistakes", f"{more} more are not shown", last.span),
    )


def _refuse_size(limits: Limits) -> Diagnostic:
    return Diagnostic(
        "limit-file-size",
        f"this file is larger than {limits.file_bytes:,} bytes",
        Span(0, 0),
        f"at most {limits.file_bytes:,} bytes",
        "move long scripts into files of the repository",
    )
