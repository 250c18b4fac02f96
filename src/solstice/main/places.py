"""The folders of one local run."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from solstice.adapters.faults import disk_fault

RUNS_KEPT = 20
LOCK = "lock"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


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


@contextmanager
def open_places(state_dir: Path) -> Iterator[Places]:
    """A new folder for a run, locked while the run lasts; folders of old runs that are over go.

    At the end its logs and artifacts stay, what only the run itself needed goes.
    """
    runs = state_dir / "runs"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    places = Places(runs / f"{now}-{uuid.uuid4().hex[:4]}")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        # One at a time: nobody looks at a folder before the run that made it holds its lock.
        with _hold(runs / LOCK, wait=True):
            places.logs.mkdir(parents=True)
            held = os.open(places.folder / LOCK, _FLAGS, 0o600)
            fcntl.flock(held, fcntl.LOCK_EX)
            _clear_away(runs)
    except OSError as error:
        raise disk_fault(f"cannot keep a run in {runs}", error) from error
    try:
        yield places
    finally:
        _strip(places)
        os.close(held)


def _clear_away(runs: Path) -> None:
    """Remove old runs, and what killed ones left beside their logs; runs under way keep everything."""
    folders = sorted(path for path in runs.iterdir() if path.is_dir())
    for place, folder in enumerate(reversed(folders)):
        is_old = place >= RUNS_KEPT
        if is_old or any(path.exists() for path in _passing(Places(folder))):
            with suppress(OSError), _hold(folder / LOCK, wait=False):
                if is_old:
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    _strip(Places(folder))


def _passing(places: Places) -> tuple[Path, ...]:
    return places.source, places.streams


def _strip(places: Places) -> None:
    for path in _passing(places):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _hold(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock, which a killed process lets go of by itself; `BlockingIOError` if it is not waited for."""
    handle = os.open(path, _FLAGS, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)
