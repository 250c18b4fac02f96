"""From the text of a workflow file to a workflow, or to every mistake in it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from solstice.domain.diagnostic import Diagnostic, Severity, Source, Span
from solstice.domain.kdl import Node, decode, parse
from solstice.domain.plan import StepPlan
from solstice.domain.workflow.building import build_workflow
from solstice.domain.workflow.declarations import check_environment, check_inputs
from solstice.domain.workflow.expressions import ExpressionCheck
from solstice.domain.workflow.graph import check_graph
from solstice.domain.workflow.jobs import check_fetches, check_job, check_timeout
from solstice.domain.workflow.language import FILE
from solstice.domain.workflow.matrices import check_matrices
from solstice.domain.workflow.reading import Reader, Reading
from solstice.domain.workflow.values import Job, Limits, ReadWorkflow, Workflow

LEGACY_SCRIPT = ".solstice/job.sh"
WORKFLOW_FILE = ".solstice/workflow.kdl"

_MOST_MISTAKES = 200
_ABSENCES = frozenset(
    {"missing-argument", "missing-value", "missing-node", "empty-job", "empty-matrix", "unknown-need"}
    | {"unknown-artifact", "fetch-without-need", "unknown-axis", "unknown-name", "misplaced-context"}
)
"""What may be untrue where a part of the text could not be read."""


def read_workflow(source: Source, limits: Limits | None = None) -> ReadWorkflow:
    """Read a workflow, reporting every mistake in the order of their places."""
    limits = limits or Limits()
    # Four bytes a character at most: whatever is longer is longer than the limit in bytes too.
    if (
        len(source.text) > limits.file_bytes
        or len(source.text.encode("utf-8", "replace")) > limits.file_bytes
    ):
        return ReadWorkflow(None, (_refuse_size(limits),))
    document = parse(source.text, deepest=limits.nesting)
    reader = Reader(source, document.version)
    top = Node("file", Span(0, 0), Span(0, 0), children=document.nodes, has_children=True)
    workflow = reader.read(top, FILE).child("workflow")
    if workflow:
        _check(reader, workflow, source, limits)
    found: Iterable[Diagnostic] = reader.mistakes
    if document.mistakes:
        found = (mistake for mistake in found if mistake.code not in _ABSENCES)
    diagnostics = _arrange((*document.mistakes, *found))
    if workflow is None or any(mistake.severity is Severity.ERROR for mistake in diagnostics):
        return ReadWorkflow(None, diagnostics)
    return ReadWorkflow(build_workflow(workflow, PurePosixPath(source.file).stem or "workflow"), diagnostics)


def read_workflow_bytes(data: bytes, file: str, limits: Limits | None = None) -> tuple[Source, ReadWorkflow]:
    """Read a workflow as it came from a disk or a forge; the source is the text the places refer to."""
    limits = limits or Limits()
    if len(data) > limits.file_bytes:
        return Source(file, ""), ReadWorkflow(None, (_refuse_size(limits),))
    text, mistakes = decode(data)
    source = Source(file, text)
    if mistakes:
        read = read_workflow(source, limits)
        return source, ReadWorkflow(None, _arrange((*mistakes, *read.diagnostics)))
    return source, read_workflow(source, limits)


def legacy_workflow(script: str = LEGACY_SCRIPT) -> Workflow:
    """The workflow of a repository that has a script and no workflow file: one job on the default image."""
    name = PurePosixPath(script).stem
    return Workflow(name, (Job(name, Span(0, 0), (StepPlan(script, path=script),)),))


def _check(reader: Reader, workflow: Reading, source: Source, limits: Limits) -> None:
    jobs = workflow.all("job")
    by_id = check_graph(reader, jobs)
    for job in jobs:
        check_job(reader, job, limits)
    for defaults in workflow.all("defaults"):
        check_timeout(reader, defaults, limits)
    check_matrices(reader, jobs, limits)
    if len(jobs) <= limits.jobs:
        for job in jobs:
            check_fetches(reader, job, by_id)
    inputs = check_inputs(reader, workflow.all("on"))
    check_environment(reader, iter((workflow, *jobs, *(step for job in jobs for step in job.all("step")))))
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
