"""Which file of a repository is its workflow, and what is in it."""

from dataclasses import dataclass
from pathlib import Path

from solstice.domain.diagnostic import Source
from solstice.domain.errors import OperatorMistake
from solstice.domain.workflow import (
    LEGACY_SCRIPT,
    WORKFLOW_FILE,
    Limits,
    ReadWorkflow,
    legacy_workflow,
    read_workflow_bytes,
)


@dataclass(frozen=True, slots=True)
class Located:
    """A workflow file and what reading it came to."""

    source: Source
    read: ReadWorkflow
    is_script: bool = False


def locate_workflow(path: Path, limits: Limits | None = None) -> Located:
    """Read the workflow of a repository (a folder), or a workflow file; raises `OperatorMistake`."""
    limits = limits or Limits()
    file = _choose_file(path)
    data = _read_start(file, limits.file_bytes + 1)
    if file.suffix == ".sh":
        return Located(Source(str(file), ""), ReadWorkflow(legacy_workflow(LEGACY_SCRIPT)), is_script=True)
    source, read = read_workflow_bytes(data, str(file), limits)
    return Located(source, read)


def _choose_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in (WORKFLOW_FILE, LEGACY_SCRIPT):
        if (path / name).exists():
            return path / name
    raise OperatorMistake(
        f"there is no workflow in {path}",
        f"write {WORKFLOW_FILE}, or name a workflow file",
    )


def _read_start(file: Path, most: int) -> bytes:
    try:
        # A pipe or a device could be read for ever; only a file has an end.
        if file.exists() and not file.is_file():
            raise OperatorMistake(f"{file} is not a file", "name a workflow file or a repository")
        with file.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OperatorMistake(
            f"{file} could not be read: {reason}", "name a workflow file or a repository"
        ) from error
