"""The workflow file: its language, and the one way from its text to a workflow or to every mistake in it.

Names are looked up when asked for: `checking` finds the mistakes, `reader` goes on to the values of a
workflow, and whoever only checks does not pay for the latter.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solstice.domain.workflow.checking import CheckedWorkflow, check_workflow, check_workflow_bytes
    from solstice.domain.workflow.limits import Limits
    from solstice.domain.workflow.places import LEGACY_SCRIPT, WORKFLOW_FILE
    from solstice.domain.workflow.reader import (
        build_checked,
        legacy_workflow,
        read_workflow,
        read_workflow_bytes,
    )
    from solstice.domain.workflow.values import Job, ReadWorkflow, Trigger, Workflow

__all__ = [
    "LEGACY_SCRIPT",
    "WORKFLOW_FILE",
    "CheckedWorkflow",
    "Job",
    "Limits",
    "ReadWorkflow",
    "Trigger",
    "Workflow",
    "build_checked",
    "check_workflow",
    "check_workflow_bytes",
    "legacy_workflow",
    "read_workflow",
    "read_workflow_bytes",
]

_OWNERS = {
    "checking": ("CheckedWorkflow", "check_workflow", "check_workflow_bytes"),
    "limits": ("Limits",),
    "places": ("LEGACY_SCRIPT", "WORKFLOW_FILE"),
    "reader": ("build_checked", "legacy_workflow", "read_workflow", "read_workflow_bytes"),
    "values": ("Job", "ReadWorkflow", "Trigger", "Workflow"),
}


def __getattr__(name: str) -> object:
    for module, names in _OWNERS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
