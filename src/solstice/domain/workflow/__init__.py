"""The workflow file: its language, and the one way from its text to a workflow or to every mistake in it."""

from solstice.domain.workflow.reader import (
    LEGACY_SCRIPT,
    WORKFLOW_FILE,
    legacy_workflow,
    read_workflow,
    read_workflow_bytes,
)
from solstice.domain.workflow.values import Job, Limits, ReadWorkflow, Trigger, Workflow

__all__ = [
    "LEGACY_SCRIPT",
    "WORKFLOW_FILE",
    "Job",
    "Limits",
    "ReadWorkflow",
    "Trigger",
    "Workflow",
    "legacy_workflow",
    "read_workflow",
    "read_workflow_bytes",
]
