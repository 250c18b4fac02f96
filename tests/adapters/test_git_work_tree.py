"""The work tree as it stands, in a commit for a guest."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from solstice.adapters.git.repository import changed_paths, open_repository
from solstice.adapters.git.source import GitSource
from solstice.domain.errors import OperatorMistake
from solstice.domain.plan import Checkout
from tests.adapters.clones import commit, git, make_repository, unpacked

ONE_MOMENT = (1_700_000_000, 1_700_000_000)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "work")


@pytest.fixture
def travel(tmp_path: Path) -> "Callable[[Path], Path]":
    """Pack a work tree and unpack it elsewhere; nothing of the repository may have changed."""

    def travel(work: Path) -> Path:
        repository = open_repository(work)
        before = _state(repository.common_dir)
        source = GitSource(repository, repository.head, tmp_path / "source", dirty=True)
        changed_paths(repository)
        source.pack([Checkout()])
        assert _state(repository.common_dir) == before
        return unpacked(tmp_path / "source/commit.bundle", tmp_path / "there")

    return travel


def _state(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _names(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {name for path in paths if not (name := str(path.relative_to(folder))).startswith(".git/")}


def test_a_tracked_file_travels_although_it_is_ignored(work: Path, travel: Callable[[Path], Path]) -> None:
    (work / ".gitignore").write_text("*.log\n")
    (work / "kept.log").write_text("1")
    git("add", "-f", "kept.log", cwd=work)
    commit(work, a="1")
    (work / "kept.log").write_text("2")
    (work / "other.log").write_text("3")
    there = travel(work)
    assert _names(there) == {".gitignore", "kept.log", "a"}
    assert (there / "kept.log").read_text() == "2"


def test_what_a_sparse_checkout_leaves_out_travels_as_in_the_commit(
    work: Path, travel: Callable[[Path], Path]
) -> None:
    for name in ("in", "out"):
        (work / name).mkdir()
        (work / name / "file").write_text(name)
    commit(work, top="1")
    git("sparse-checkout", "set", "in", cwd=work)
    assert not (work / "out").exists()
    (work / "in/file").write_text("changed")
    (work / "out").mkdir()
    (work / "out/new").write_text("outside of the cone")
    there = travel(work)
    assert _names(there) == {"top", "in/file", "out/file", "out/new"}
    assert (there / "in/file").read_text() == "changed"


def test_a_linked_work_tree_travels_and_the_clone_s_exclusions_count(
    work: Path, tmp_path: Path, travel: Callable[[Path], Path]
) -> None:
    commit(work, a="1")
    (work / ".git/info").mkdir(exist_ok=True)
    (work / ".git/info/exclude").write_text("secret\n")
    linked = tmp_path / "linked"
    git("worktree", "add", "-q", str(linked), cwd=work)
    (linked / "secret").write_text("hush")
    (linked / "b").write_text("2")
    assert _names(travel(linked)) == {"a", "b"}


def test_the_repository_s_own_settings_count_as_when_it_is_committed(
    work: Path, tmp_path: Path, travel: Callable[[Path], Path]
) -> None:
    (tmp_path / "excluded").write_text("mine\n")
    git("config", "core.excludesFile", str(tmp_path / "excluded"), cwd=work)
    git("config", "core.autocrlf", "input", cwd=work)
    git("config", "core.safecrlf", "true", cwd=work)
    git("config", "filter.shout.clean", "tr a-z A-Z", cwd=work)
    commit(work, a="1")
    (work / ".git/info").mkdir(exist_ok=True)
    (work / ".git/info/attributes").write_text("shouted filter=shout\n")
    (work / "mine").write_text("1")
    (work / "lines").write_bytes(b"1\r\n2\r\n")
    (work / "shouted").write_text("hello")
    there = travel(work)
    assert _names(there) == {"a", "lines", "shouted"}
    assert (there / "lines").read_bytes() == b"1\n2\n"
    assert (there / "shouted").read_text() == "HELLO"


def test_a_file_changed_in_the_moment_the_index_was_written_is_not_overlooked(
    work: Path, travel: Callable[[Path], Path]
) -> None:
    git("config", "core.trustctime", "false", cwd=work)
    commit(work, a="1")
    file, index = work / "a", work / ".git/index"
    file.write_text("2")
    os.utime(file, ONE_MOMENT)
    git("add", "a", cwd=work)
    file.write_text("3")
    os.utime(file, ONE_MOMENT)
    os.utime(index, ONE_MOMENT)
    assert (travel(work) / "a").read_text() == "3"


def test_conflicts_renames_and_what_is_added_without_content_travel_as_they_stand(
    work: Path, travel: Callable[[Path], Path]
) -> None:
    commit(work, a="1", old="moves")
    git("switch", "-q", "-c", "theirs", cwd=work)
    commit(work, a="2")
    git("switch", "-q", "main", cwd=work)
    commit(work, a="3")
    with pytest.raises(OperatorMistake):
        git("merge", "theirs", cwd=work)
    (work / "old").rename(work / "new")
    (work / "later").write_text("4")
    git("add", "--intent-to-add", "later", cwd=work)
    there = travel(work)
    assert _names(there) == {"a", "new", "later"}
    assert "<<<<<<<" in (there / "a").read_text()


def test_names_that_git_or_a_list_of_paths_would_quote_travel(
    tmp_path: Path, travel: Callable[[Path], Path]
) -> None:
    work = make_repository(tmp_path / 'a "odd\\:\nfolder ')
    commit(work, a="1")
    (work / '-b\n"ü').write_text("2")
    assert _names(travel(work)) == {"a", '-b\n"ü'}
    assert changed_paths(open_repository(work)) == ('-b\n"ü',)


def test_what_is_being_written_in_the_work_tree_itself_is_left_out(work: Path, tmp_path: Path) -> None:
    commit(work, a="1")
    (work / "state").mkdir()
    (work / "state/log").write_text("of an earlier run")
    folder = work / "state/s[o]urce"
    source = GitSource(open_repository(work), "", folder, dirty=True)
    source.pack([Checkout()])
    assert _names(unpacked(folder / "commit.bundle", tmp_path / "there")) == {"a", "state/log"}


def test_no_hook_of_the_repository_runs(work: Path, tmp_path: Path, travel: Callable[[Path], Path]) -> None:
    commit(work, a="1")
    hook = work / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(tmp_path / 'ran'))}\n")
    hook.chmod(0o755)
    (work / "b").write_text("2")
    travel(work)
    assert not (tmp_path / "ran").exists()


def test_a_repository_inside_without_a_commit_is_a_mistake_in_a_sentence(
    work: Path, travel: Callable[[Path], Path]
) -> None:
    commit(work, a="1")
    make_repository(work / "inner one")
    with pytest.raises(
        OperatorMistake, match=r"^inner one is a repository of its own without a commit"
    ) as caught:
        travel(work)
    assert ".gitignore" in caught.value.remedy


def test_what_git_cannot_add_is_named_with_what_to_do(work: Path, travel: Callable[[Path], Path]) -> None:
    commit(work, a="1")
    git("config", "filter.broken.clean", "false", cwd=work)
    git("config", "filter.broken.required", "true", cwd=work)
    (work / ".gitattributes").write_text("b filter=broken\n")
    (work / "b").write_text("2")
    with pytest.raises(OperatorMistake, match="the work tree cannot be packed: git add failed") as caught:
        travel(work)
    assert "clean filter 'broken' failed" in str(caught.value)
    assert "--commit HEAD" in caught.value.remedy
