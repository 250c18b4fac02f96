"""A commit of a repository of this computer, packed for a guest."""

import asyncio
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from solstice.adapters.git.program import Git
from solstice.adapters.git.repository import Repository
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Checkout

REF = "refs/heads/solstice"
AUTHOR = ("user.name=Solstice CI", "user.email=solstice@localhost")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A commit as a git bundle."""

    path: Path
    commit: str
    ref: str
    size: int
    sha256: str
    shallow: bool


class GitSource:
    """The commit of a local run, packed once for each depth it is asked for.

    ``dirty`` packs the work tree as it stands (what git does not ignore) as one commit on top of HEAD.
    """

    def __init__(self, repository: Repository, commit: str, folder: Path, *, dirty: bool) -> None:
        self._repository, self._commit, self._folder, self._dirty = repository, commit, folder, dirty
        self._bundles: dict[bool, Bundle] = {}
        self._lock = asyncio.Lock()

    async def bundle(self, pipeline: Pipeline, checkout: Checkout) -> Bundle:
        """The commit as a bundle: alone, or with all its history where ``depth`` is not 1."""
        shallow = checkout.depth == 1
        async with self._lock:
            if shallow not in self._bundles:
                self._bundles[shallow] = await asyncio.to_thread(self._pack, shallow)
            return self._bundles[shallow]

    def _pack(self, shallow: bool) -> Bundle:
        store = self._folder / ("shallow.git" if shallow else "full.git")
        shutil.rmtree(store, ignore_errors=True)
        self._repository.git.run("init", "--quiet", "--bare", str(store))
        (store / "objects/info/alternates").write_text(f"{self._repository.common_dir / 'objects'}\n")
        git = Git(store)
        commit = self._commit_work_tree(store) if self._dirty else self._commit
        parents_left_out = shallow and bool(git.run("log", "-1", "--format=%P", commit))
        if parents_left_out:
            (store / "shallow").write_text(f"{commit}\n")
        git.run("update-ref", REF, commit)
        path = store / "source.bundle"
        git.run("bundle", "create", "--quiet", str(path), REF)
        data = path.read_bytes()
        return Bundle(path, commit, REF, len(data), hashlib.sha256(data).hexdigest(), parents_left_out)

    def _commit_work_tree(self, store: Path) -> str:
        ignored = self._repository.common_dir / "info/exclude"
        if ignored.is_file():
            (store / "info").mkdir(exist_ok=True)
            shutil.copyfile(ignored, store / "info/exclude")
        git = Git(
            self._repository.root, AUTHOR, (f"GIT_DIR={store}", f"GIT_WORK_TREE={self._repository.root}")
        )
        git.run("add", "--all")
        parent = ("-p", self._repository.head) if self._repository.head else ()
        return git.run("commit-tree", git.run("write-tree"), *parent, "-m", "The work tree as it stands")
