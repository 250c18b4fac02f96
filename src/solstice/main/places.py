"""The folders of one local run."""

import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from solstice.adapters.faults import disk_fault

RUNS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one run."""

    folder: Path

    @property
    def logs(self) -> Path:
        """A file for each job."""
        return self.folder / "logs"

    @property
    def artifacts(self) -> Path:
        """A folder for each job."""
        return self.folder / "artifacts"

    @property
    def streams(self) -> Path:
        """Artifacts as jobs sent them, for the jobs that fetch them."""
        return self.folder / "streams"

    @property
    def kept(self) -> Path:
        """What is left of failed jobs' machines."""
        return self.folder / "kept"

    @property
    def source(self) -> Path:
        """The packed commit."""
        return self.folder / "source"


def make_places(state_dir: Path) -> Places:
    """A new folder for a run; those of old runs go."""
    runs = state_dir / "runs"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    places = Places(runs / f"{now}-{uuid.uuid4().hex[:4]}")
    try:
        places.logs.mkdir(parents=True)
        old = sorted(path for path in runs.iterdir() if path.is_dir())[:-RUNS_KEPT]
    except OSError as error:
        raise disk_fault(f"cannot keep a run in {runs}", error) from error
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return places
