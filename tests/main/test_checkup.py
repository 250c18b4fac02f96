"""What doctor finds out about folders, by trying."""

from pathlib import Path

import pytest

from solstice.domain.checkup import CheckState
from solstice.main.checkup import check_folder, check_leftovers


def test_a_folder_that_can_be_written_or_made_is_fine_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "not/yet"):
        check = check_folder("state", folder, "machines", "runs")
        assert (check.state, f"free for {folder}" in check.found) == (CheckState.OK, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["/proc/x", "/dev/null/x", "/" + "x" * 300])
def test_a_folder_that_cannot_be_written_is_found_by_trying(folder: str) -> None:
    check = check_folder("cache", Path(folder), "images")
    assert check.state is CheckState.FAIL
    assert "cannot be written" in check.found
    assert "--cache-dir" in check.remedy


def test_a_folder_whose_inside_cannot_be_written_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a folder is to be")
    assert check_folder("state", tmp_path, "machines", "runs").state is CheckState.FAIL


def test_machines_of_killed_runs_are_counted_and_left_to_the_next_run(tmp_path: Path) -> None:
    assert check_leftovers(tmp_path).state is CheckState.OK
    (tmp_path / "machines/0a1b/solstice-a-1").mkdir(parents=True)
    check = check_leftovers(tmp_path)
    assert (check.state, check.found) == (CheckState.WARN, "1 machine of runs that were killed")
    assert "next solstice run" in check.remedy
    assert (tmp_path / "machines/0a1b/solstice-a-1").is_dir()
