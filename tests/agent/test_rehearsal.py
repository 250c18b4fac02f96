"""The job a template does before it is saved: a whole one, of which nothing is left."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.nursery import ZIPAPP

WALK = """
import logging, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
sys.modules["ssl"] = None
from solstice.agent.processes import adopt_orphans
from solstice.agent.warm import walk_warm_paths
logging.basicConfig(level="INFO", stream=sys.stdout)
adopt_orphans()
walk_warm_paths(Path(sys.argv[2]), sys.argv[3])
seeded = {"random", "uuid", "tempfile", "secrets"} & set(sys.modules)
print("seeded:", *sorted(seeded))
"""


def walk(workdir: Path, user: str = "") -> str:
    command = [sys.executable, "-I", "-c", WALK, str(ZIPAPP), str(workdir), user]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sol") as folder:
        # The job's user has to get there.
        Path(folder).chmod(0o755)
        yield Path(folder) / "solstice"


def test_a_whole_job_is_done_and_nothing_of_it_is_left(place: Path) -> None:
    assert walk(place) == "seeded:\n"
    assert list(place.parent.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can run as another")
def test_the_job_is_done_as_the_user_that_later_jobs_have(place: Path) -> None:
    assert walk(place, "nobody") == "seeded:\n"
    assert list(place.parent.iterdir()) == []


def test_a_rehearsal_that_fails_is_logged_and_the_agent_goes_on(place: Path) -> None:
    said = walk(place, "nobody-of-that-name")
    assert "the rehearsal was broken off" in said
    assert said.endswith("seeded:\n")
