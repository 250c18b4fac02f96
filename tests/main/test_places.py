"""The folders of runs: whose they are, how long they stay, what stays of them."""

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from solstice.domain.errors import MachineFault
from solstice.main.places import LOCK, RUNS_KEPT, open_places


def folders(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "runs").iterdir() if path.is_dir())


def make_old(state: Path, number: int) -> None:
    for index in range(number):
        (state / f"runs/2020-01-{index + 1:02}T00-00-00-aaaa/logs").mkdir(parents=True)


def test_the_folders_of_old_runs_go_and_the_newest_stay(tmp_path: Path) -> None:
    make_old(tmp_path, RUNS_KEPT + 3)
    with open_places(tmp_path) as places:
        pass
    left = folders(tmp_path)
    assert len(left) == RUNS_KEPT
    assert places.folder.name in left
    assert "2020-01-01T00-00-00-aaaa" not in left


def test_a_run_under_way_keeps_its_folder_however_many_start_after_it(tmp_path: Path) -> None:
    with open_places(tmp_path) as places:
        places.source.mkdir()
        for index in range(RUNS_KEPT + 2):
            (tmp_path / f"runs/9999-01-{index + 1:02}T00-00-00-aaaa").mkdir()
        with open_places(tmp_path):
            assert places.logs.is_dir()
            assert places.source.is_dir()
    with open_places(tmp_path):
        assert not places.folder.exists(), "over, it goes like all others"


def test_a_run_leaves_its_logs_and_artifacts_and_nothing_it_alone_needed(tmp_path: Path) -> None:
    with open_places(tmp_path) as places:
        for folder in (places.artifacts, places.streams, places.source, places.kept):
            folder.mkdir()
    assert {path.name for path in places.folder.iterdir()} == {"logs", "artifacts", "kept", LOCK}


def test_what_a_killed_run_left_beside_its_logs_goes_with_the_next(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from solstice.main.places import open_places\n"
        "with open_places(Path(sys.argv[1])) as places:\n"
        "    places.source.mkdir(); print(places.folder, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        folder = Path(run.stdout.readline().strip())
        with open_places(tmp_path):
            assert (folder / "source").is_dir(), "alive"
        run.send_signal(signal.SIGKILL)
        run.wait()
    with open_places(tmp_path):
        assert (folder / "logs").is_dir()
        assert not (folder / "source").exists()


def test_a_place_that_cannot_be_written_is_this_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(MachineFault, match="cannot keep a run"), ExitStack() as stack:
        stack.enter_context(open_places(tmp_path))
