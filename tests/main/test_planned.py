"""What a local run is to do, found out before anything is started."""

from pathlib import Path

import pytest

from solstice.main.planned import Wish, plan_run
from tests import builders
from tests.adapters.clones import commit, git, make_repository

WORKFLOW = """workflow name="t" {
    job id="with" { checkout submodules=#true; runs_on "debian-12"; step run="ls" }
    job id="without" { runs_on "debian-12"; step run="ls" }
}
"""
NEAR = ("/srv/lib", "../lib", "lib", "file:///srv/lib", "FILE.git", "./a:b")
FAR = ("https://forge.example/lib", "git@forge.example:lib", "ssh://forge.example/lib")


def with_submodule(folder: Path, url: str) -> Path:
    work = make_repository(folder / "work")
    (work / ".solstice").mkdir()
    (work / ".solstice/workflow.kdl").write_text(WORKFLOW)
    git("config", "--file", ".gitmodules", "submodule.the lib.path", "lib", cwd=work)
    git("config", "--file", ".gitmodules", "submodule.the lib.url", url, cwd=work)
    return work


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("url", NEAR)
def test_submodules_of_this_computer_are_left_out_with_a_notice(
    tmp_path: Path, url: str, committed: bool
) -> None:
    work = with_submodule(tmp_path, url)
    if committed:
        commit(work)
        (work / ".gitmodules").unlink()
    planned = plan_run(Wish(work, commit="HEAD" if committed else None), builders.images())
    assert planned.plan
    assert [job.checkout.submodules for job in planned.plan.jobs if job.checkout] == [False, False]
    assert "left to a server: submodules" in planned.notices[-1]
    assert "(the lib)" in planned.notices[-1]


@pytest.mark.parametrize("url", FAR)
def test_submodules_that_a_machine_can_fetch_by_itself_stay(tmp_path: Path, url: str) -> None:
    planned = plan_run(Wish(with_submodule(tmp_path, url)), builders.images())
    assert planned.plan
    assert [job.checkout.submodules for job in planned.plan.jobs if job.checkout] == [True, False]
    assert not any("submodules" in notice for notice in planned.notices)


def test_submodules_that_no_job_wants_are_not_spoken_of(tmp_path: Path) -> None:
    work = with_submodule(tmp_path, "../lib")
    planned = plan_run(Wish(work, jobs=("without",)), builders.images())
    assert planned.plan
    assert not any("submodules" in notice for notice in planned.notices)


def test_filters_of_paths_look_at_what_changed_since_the_branch_began(tmp_path: Path) -> None:
    work = make_repository(tmp_path / "work")
    (work / ".solstice").mkdir()
    (work / ".solstice/workflow.kdl").write_text(
        'workflow { on "push" { paths "src/**" }\n job id="a" runs_on="debian-12" { step run="ls" } }'
    )
    commit(work)
    git("branch", "-M", "main", cwd=work)
    git("checkout", "--quiet", "-b", "topic", cwd=work)
    (work / "docs.txt").write_text("x")
    commit(work)
    wish = Wish(work, event="push", commit="HEAD")
    planned = plan_run(wish, builders.images())
    assert planned.plan
    assert "src/**" in planned.plan.skipped
    (work / "src").mkdir()
    (work / "src/a").write_text("x")
    commit(work)
    (work / "more.txt").write_text("x")
    commit(work)
    planned = plan_run(wish, builders.images())
    assert planned.plan
    assert not planned.plan.skipped
