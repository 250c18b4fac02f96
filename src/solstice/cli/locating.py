"""Which file of a repository is its workflow, and what a check of it finds."""

from pathlib import Path

from solstice.domain.diagnostic import Source
from solstice.domain.errors import OperatorMistake
from solstice.domain.workflow.checking import CheckedWorkflow, check_workflow_bytes
from solstice.domain.workflow.limits import Limits
from solstice.domain.workflow.places import LEGACY_SCRIPT, WORKFLOW_FILE

_REMEDY = "name a workflow file or a repository"


def find_workflow(path: Path) -> Path:
    """The workflow of a repository (a folder), or the file itself; raises `OperatorMistake`."""
    try:
        if not path.is_dir():
            return path
        for name in (WORKFLOW_FILE, LEGACY_SCRIPT):
            if (path / name).exists():
                return path / name
    except OSError as error:
        raise _refuse(path, error) from error
    raise OperatorMistake(
        f"there is no workflow in {path}", f"write {WORKFLOW_FILE}, or name a workflow file"
    )


def is_script(file: Path) -> bool:
    """Tell a script, which is a workflow of one job, from a workflow file."""
    return file.suffix == ".sh"


def check_file(file: Path, limits: Limits | None = None) -> CheckedWorkflow:
    """Check a workflow file, or see that a script can be read; raises `OperatorMistake`."""
    limits = limits or Limits()
    data = read_start(file, limits.file_bytes + 1)
    if is_script(file):
        return CheckedWorkflow(Source(str(file), ""), ())
    return check_workflow_bytes(data, str(file), limits)


def read_start(file: Path, most: int) -> bytes:
    """The first ``most`` bytes of a file; raises `OperatorMistake` if they cannot be had."""
    try:
        # A pipe or a device could be read for ever; only a file has an end.
        if file.exists() and not file.is_file():
            raise OperatorMistake(f"{file} is not a file", _REMEDY)
        with file.open("rb") as stream:
            return stream.read(most)
    except (OSError, ValueError) as error:
        raise _refuse(file, error) from error


def _refuse(path: Path, error: Exception) -> OperatorMistake:
    reason = getattr(error, "strerror", None) or str(error)
    return OperatorMistake(f"{path} could not be read: {reason.lower()}", _REMEDY)
