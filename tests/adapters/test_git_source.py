"""A repository's commit, packed so that a guest can check it out."""

import hashlib
import shlex
import sys
from pathlib import Path

import pytest

from solstice.adapters.git.program import LOCAL_VARIABLES, Git
from solstice.adapters.git.repository import changed_paths, open_repository, read_file, resolve_commit
from solstice.adapters.git.source import GitSource
from solstice.domain.errors import OperatorMistake
from solstice.domain.plan import Checkout
from tests import builders
from tests.adapters.clones import commit, git, make_repository, unpacked

PIPELINE = builders.pipeline(builders.job_plan())


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "a repository")


async def test_a_commit_travels_alone_or_with_its_history(work: Path, tmp_path: Path) -> None:
    commit(work, a="1")
    head = commit(work, a="2", b="3")
    source = GitSource(open_repository(work), head, tmp_path / "source", dirty=False)
    alone, whole = (
        await source.bundle(PIPELINE, Checkout(depth=1)),
        await source.bundle(PIPELINE, Checkout(depth=0)),
    )
    assert alone
    assert whole
    assert (alone.commit, alone.shallow, whole.shallow) == (head, True, False)
    assert alone.size == alone.path.stat().st_size
    one = unpacked(alone.path, tmp_path / "one")
    assert git("rev-list", "--count", "HEAD", cwd=one) == "1"
    assert (one / "b").read_text() == "3"
    all_of_it = unpacked(whole.path, tmp_path / "all")
    assert git("rev-list", "--count", "HEAD", cwd=all_of_it) == "2"
    assert await source.bundle(PIPELINE, Checkout(depth=1)) is alone, "it is packed once"


async def test_a_dirty_work_tree_travels_as_it_stands_without_what_git_ignores(
    work: Path, tmp_path: Path
) -> None:
    (work / ".gitignore").write_text("secret\n")
    head = commit(work, a="1", gone="x")
    (work / "a").write_text("changed")
    (work / "new file").write_text("untracked")
    (work / "secret").write_text("hush")
    (work / "gone").unlink()
    before = git("status", "--porcelain", cwd=work)
    bundle = await GitSource(open_repository(work), head, tmp_path / "s", dirty=True).bundle(
        PIPELINE, Checkout()
    )
    assert bundle
    assert bundle.commit != head
    there = unpacked(bundle.path, tmp_path / "there")
    names = {path.name for path in there.iterdir()} - {".git"}
    assert names == {".gitignore", "a", "new file"}
    assert (there / "a").read_text() == "changed"
    assert git("status", "--porcelain", cwd=work) == before, "the person's own index is left alone"


HOOK = """
import asyncio, sys
from pathlib import Path
from solstice.adapters.git.repository import changed_paths, open_repository
from solstice.adapters.git.source import GitSource
from solstice.domain.plan import Checkout

repository = open_repository(Path(sys.argv[1]))
changed_paths(repository)
source = GitSource(repository, repository.head, Path(sys.argv[2]), dirty=True)
print(asyncio.run(source.bundle(None, Checkout())).path)
"""


def test_a_run_from_a_hook_of_another_repository_touches_neither_index(work: Path, tmp_path: Path) -> None:
    commit(work, a="1")
    (work / "b").write_text("2")
    other = tmp_path / "other"
    git("init", "-q", str(other), cwd=tmp_path)
    commit(other, theirs="1")
    indexes = [folder / ".git/index" for folder in (work, other)]
    before = [path.read_bytes() for path in indexes]
    hook = other / ".git/hooks/pre-commit"
    words = map(shlex.quote, (sys.executable, "-c", HOOK, str(work), str(tmp_path / "s")))
    hook.write_text(
        f"#!/bin/sh\nexport GIT_DIR='{other}/.git' GIT_WORK_TREE='{other}'\nexec {' '.join(words)} >&2\n"
    )
    hook.chmod(0o755)
    git("commit", "--allow-empty", "-m", "with a hook", cwd=other)
    assert [path.read_bytes() for path in indexes] == before
    (bundle,) = (tmp_path / "s").rglob("*.bundle")
    there = unpacked(bundle, tmp_path / "there")
    assert {path.name for path in there.iterdir()} == {".git", "a", "b"}


def test_every_variable_that_ties_git_to_a_repository_is_known(work: Path) -> None:
    assert set(git("rev-parse", "--local-env-vars", cwd=work).split()) <= set(LOCAL_VARIABLES)


def test_a_failure_is_told_by_the_name_of_what_git_was_to_do(work: Path) -> None:
    with pytest.raises(OperatorMistake, match=r"^git write-tree failed: "):
        Git(work, ("core.bare=false",), ("GIT_DIR=/nowhere",)).run("write-tree")


async def test_a_repository_without_a_commit_can_be_run(work: Path, tmp_path: Path) -> None:
    (work / "a").write_text("1")
    repository = open_repository(work)
    assert repository.head == ""
    bundle = await GitSource(repository, "", tmp_path / "s", dirty=True).bundle(PIPELINE, Checkout())
    assert bundle
    assert (unpacked(bundle.path, tmp_path / "there") / "a").read_text() == "1"


def test_a_repository_is_found_from_a_folder_within_it(work: Path) -> None:
    head = commit(work, a="1")
    (work / "sub").mkdir()
    repository = open_repository(work / "sub")
    assert (repository.root, repository.head, repository.branch, repository.tag) == (work, head, "main", "")


def test_what_is_no_repository_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(OperatorMistake, match="not in a git repository") as caught:
        open_repository(tmp_path)
    assert "git init" in caught.value.remedy


@pytest.mark.parametrize("name", ["nothing", "--all", "-h", "", "HEAD:a"])
def test_a_name_of_no_commit_is_refused_and_never_taken_for_an_option(work: Path, name: str) -> None:
    commit(work, a="1")
    with pytest.raises(OperatorMistake, match="no commit is called"):
        resolve_commit(open_repository(work), name)


def test_files_and_changes_are_read_as_git_has_them(work: Path) -> None:
    head = commit(work, a="1")
    repository = open_repository(work)
    assert resolve_commit(repository, "main") == head
    assert read_file(repository, head, "a") == b"1"
    assert read_file(repository, head, "missing") is None
    (work / "b").write_text("2")
    assert changed_paths(repository) == ("b",)


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("dirty", [False, True])
async def test_a_shallow_clone_is_packed_with_the_history_it_has(
    work: Path, tmp_path: Path, depth: int, dirty: bool
) -> None:
    for number in "1234":
        commit(work, a=number)
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth", "2", work.as_uri(), str(clone), cwd=tmp_path)
    repository = open_repository(clone)
    (clone / "b").write_text("new")
    source = GitSource(repository, repository.head, tmp_path / "s", dirty=dirty)
    bundle = await source.bundle(PIPELINE, Checkout(depth=depth))
    assert bundle.shallow
    there = unpacked(bundle.path, tmp_path / "there")
    assert (there / "a").read_text() == "4"
    assert (there / "b").exists() == dirty
    count = 1 if depth == 1 else 2 + dirty
    assert git("rev-list", "--count", "HEAD", cwd=there) == str(count)


@pytest.mark.parametrize("depth", [0, 1])
async def test_the_last_commit_of_a_clone_of_depth_one_travels_alone(
    work: Path, tmp_path: Path, depth: int
) -> None:
    commit(work, a="1")
    head = commit(work, a="2")
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth", "1", work.as_uri(), str(clone), cwd=tmp_path)
    source = GitSource(open_repository(clone), head, tmp_path / "s", dirty=False)
    bundle = await source.bundle(PIPELINE, Checkout(depth=depth))
    assert bundle.shallow
    there = unpacked(bundle.path, tmp_path / "there")
    assert git("rev-list", "HEAD", cwd=there) == head
    assert git("fsck", cwd=there) == ""


@pytest.mark.parametrize("depth", [0, 1])
async def test_a_partial_clone_fetches_what_it_lacks(work: Path, tmp_path: Path, depth: int) -> None:
    git("config", "uploadpack.allowFilter", "true", cwd=work)
    commit(work, a="1" * 1000)
    head = commit(work, a="2")
    clone = tmp_path / "clone"
    git("clone", "-q", "-n", "--filter=blob:none", work.as_uri(), str(clone), cwd=tmp_path)
    source = GitSource(open_repository(clone), head, tmp_path / "s", dirty=False)
    bundle = await source.bundle(PIPELINE, Checkout(depth=depth))
    there = unpacked(bundle.path, tmp_path / "there")
    assert (there / "a").read_text() == "2"
    assert git("fsck", cwd=there) == ""


@pytest.mark.parametrize("dirty", [False, True])
async def test_a_repository_of_sha256_stays_one(tmp_path: Path, dirty: bool) -> None:
    work = make_repository(tmp_path / "w", "--object-format=sha256")
    commit(work, a="1")
    head = commit(work, a="2")
    (work / "a").write_text("3" if dirty else "2")
    source = GitSource(open_repository(work), head, tmp_path / "s", dirty=dirty)
    bundle = await source.bundle(PIPELINE, Checkout())
    assert len(bundle.commit) == 64
    assert (unpacked(bundle.path, tmp_path / "there") / "a").read_text() == ("3" if dirty else "2")


async def test_nothing_but_bundles_is_left_of_packing(work: Path, tmp_path: Path) -> None:
    head = commit(work, a="1")
    (work / "a").write_text("2")
    folder = tmp_path / "s"
    source = GitSource(open_repository(work), head, folder, dirty=True)
    source.pack([Checkout(depth=1), Checkout(depth=0), Checkout(depth=1)])
    assert sorted(path.name for path in folder.iterdir()) == ["commit.bundle", "history.bundle"]
    alone, whole = (
        await source.bundle(PIPELINE, Checkout(depth=1)),
        await source.bundle(PIPELINE, Checkout(depth=0)),
    )
    assert alone.commit == whole.commit, "the work tree is looked at once"
    assert hashlib.sha256(alone.path.read_bytes()).hexdigest() == alone.sha256
