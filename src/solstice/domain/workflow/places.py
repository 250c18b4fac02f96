"""Where in a repository its workflow is looked for."""

WORKFLOW_FILE = ".solstice/workflow.kdl"
LEGACY_SCRIPT = ".solstice/job.sh"
"""Looked for when there is no workflow file: it becomes a workflow of one job."""
