"""What is said of a path that leads to no repository whose files could be run."""

import subprocess
from pathlib import Path

import pytest

from solstice.domain.errors import OperatorMistake
from solstice.domain.image import ImageMap
from solstice.main.planned import Wish, plan_run
from solstice.main.pointing import find_repository


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "--initial-branch=trunk", tmp_path / "repo"], check=True)
    (tmp_path / "repo/.solstice").mkdir()
    return tmp_path / "repo"


def test_any_folder_of_a_work_tree_leads_to_its_repository(repo: Path) -> None:
    assert find_repository(repo / ".solstice").root == repo
    assert find_repository(repo).branch == "trunk"


def test_a_workflow_file_is_not_taken_for_a_repository(repo: Path) -> None:
    file = repo / ".solstice/workflow.kdl"
    file.write_text("workflow { }")
    with pytest.raises(OperatorMistake, match="is a file") as caught:
        find_repository(file)
    assert "solstice check" in caught.value.remedy


def test_a_repository_without_a_work_tree_is_refused(repo: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True)
    for path in (tmp_path / "bare", repo / ".git"):
        with pytest.raises(OperatorMistake, match="without a work tree"):
            find_repository(path)


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "x/" * 3000])
def test_a_path_that_leads_nowhere_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorMistake, match=r"there is no|could not be read"):
        find_repository(tmp_path / name)


@pytest.mark.parametrize("target", ["/proc/self/mem", "nowhere", "/dev/zero", "."])
def test_a_workflow_file_that_cannot_be_read_is_no_missing_one(repo: Path, target: str) -> None:
    (repo / ".solstice/workflow.kdl").symlink_to(target)
    with pytest.raises(OperatorMistake, match=r"could not be read|is not a file"):
        plan_run(Wish(repo), ImageMap({}))
