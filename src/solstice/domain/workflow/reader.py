"""From the text of a workflow file to a workflow, or to every mistake in it."""

from pathlib import PurePosixPath

from solstice.domain.diagnostic import Source, Span
from solstice.domain.plan import StepPlan
from solstice.domain.workflow.building import build_workflow
from solstice.domain.workflow.checking import CheckedWorkflow, check_workflow, check_workflow_bytes
from solstice.domain.workflow.limits import Limits
from solstice.domain.workflow.places import LEGACY_SCRIPT
from solstice.domain.workflow.values import Job, ReadWorkflow, Workflow


def read_workflow(source: Source, limits: Limits | None = None) -> ReadWorkflow:
    """Read a workflow; with an error among the diagnostics there is none."""
    return build_checked(check_workflow(source, limits))


def read_workflow_bytes(data: bytes, file: str, limits: Limits | None = None) -> tuple[Source, ReadWorkflow]:
    """Read a workflow as it came from a disk or a forge; the source is the text the places refer to."""
    checked = check_workflow_bytes(data, file, limits)
    return checked.source, build_checked(checked)


def build_checked(checked: CheckedWorkflow) -> ReadWorkflow:
    """Build the workflow of a text that was checked."""
    if checked.reading is None:
        return ReadWorkflow(None, checked.diagnostics)
    name = PurePosixPath(checked.source.file).stem or "workflow"
    return ReadWorkflow(build_workflow(checked.reading, name), checked.diagnostics)


def legacy_workflow(script: str = LEGACY_SCRIPT) -> Workflow:
    """The workflow of a repository that has a script and no workflow file: one job on the default image."""
    name = PurePosixPath(script).stem
    return Workflow(name, (Job(name, Span(0, 0), (StepPlan(script, path=script),)),))
