"""A git repository of this computer: what is in it, and a commit of it packed for a guest."""

import asyncio
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from solstice.domain.errors import MachineFault, OperatorMistake
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Checkout

REF = "refs/heads/solstice"
AUTHOR = ("-c", "user.name=Solstice CI", "-c", "user.email=solstice@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree: its root folder, its git directory and the commit checked out ("" in an empty one)."""

    root: Path
    git_dir: Path
    head: str
    branch: str
    tag: str
    origin: str
    actor: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A commit as a git bundle."""

    path: Path
    commit: str
    ref: str
    size: int
    sha256: str
    shallow: bool


def git(*arguments: str, cwd: Path | None = None, check: bool = True) -> str:
    """What git prints, stripped; raises `OperatorMistake` with git's own words if it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise MachineFault("this machine has no git", "Install it: apt-get install git.") from error
    if done.returncode and check:
        words = done.stderr.decode(errors="replace").strip()
        raise OperatorMistake(f"git {arguments[0]} failed: {words}")
    return done.stdout.decode(errors="replace").strip() if not done.returncode else ""


def open_repository(path: Path) -> Repository:
    """The repository that holds ``path``."""
    root = git("-C", str(path), "rev-parse", "--show-toplevel", check=False)
    if not root:
        # Ask once more for git's own reason: it may be a broken or a foreign repository.
        try:
            git("-C", str(path), "rev-parse", "--show-toplevel")
        except OperatorMistake as error:
            if "not a git repository" in str(error):
                raise OperatorMistake(
                    f"{path} is not in a git repository",
                    "Run `git init` there and commit something, or give the path of a repository.",
                ) from None
            raise
    folder = Path(root)
    return Repository(
        root=folder,
        git_dir=Path(git("rev-parse", "--absolute-git-dir", cwd=folder)),
        head=git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder, check=False),
        branch=git("symbolic-ref", "--quiet", "--short", "HEAD", cwd=folder, check=False),
        tag=git("describe", "--tags", "--exact-match", "HEAD", cwd=folder, check=False),
        origin=git("config", "--get", "remote.origin.url", cwd=folder, check=False),
        actor=git("config", "--get", "user.name", cwd=folder, check=False),
    )


def resolve_commit(repository: Repository, revision: str) -> str:
    """The full hash of a commit named in any way git understands."""
    found = git(
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"),
        cwd=repository.root,
        check=False,
    )
    if not found:
        raise OperatorMistake(
            f"no commit is called {revision!r} in {repository.root}", "See `git log` and `git branch -a`."
        )
    return found


def changed_paths(repository: Repository) -> tuple[str, ...]:
    """Paths that differ between the work tree and the commit, untracked ones included."""
    listing = git("status", "--porcelain", "--untracked-files=all", "--no-renames", cwd=repository.root)
    return tuple(line[3:] for line in listing.splitlines())


def read_file(repository: Repository, commit: str, path: str) -> bytes | None:
    """A file of a commit."""
    done = subprocess.run(
        ["git", "cat-file", "blob", f"{commit}:{path}"],
        cwd=repository.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


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
        git("init", "--quiet", "--bare", str(store))
        (store / "objects/info/alternates").write_text(f"{self._objects()}\n")
        commit = self._commit_work_tree(store) if self._dirty else self._commit
        parents_left_out = shallow and bool(git(*self._in(store), "log", "-1", "--format=%P", commit))
        if parents_left_out:
            (store / "shallow").write_text(f"{commit}\n")
        git(*self._in(store), "update-ref", REF, commit)
        path = store / "source.bundle"
        git(*self._in(store), "bundle", "create", "--quiet", str(path), REF)
        data = path.read_bytes()
        return Bundle(path, commit, REF, len(data), hashlib.sha256(data).hexdigest(), parents_left_out)

    def _objects(self) -> Path:
        common = git("rev-parse", "--git-common-dir", cwd=self._repository.root)
        return (self._repository.root / common / "objects").resolve()

    def _commit_work_tree(self, store: Path) -> str:
        tree_flags = (*self._in(store), "--work-tree", str(self._repository.root))
        ignored = self._repository.git_dir / "info/exclude"
        if ignored.is_file():
            (store / "info").mkdir(exist_ok=True)
            shutil.copyfile(ignored, store / "info/exclude")
        git(*tree_flags, "add", "--all", "--", ".", cwd=self._repository.root)
        tree = git(*self._in(store), "write-tree")
        parent = ("-p", self._repository.head) if self._repository.head else ()
        message = "The work tree as it stands"
        return git(*AUTHOR, *self._in(store), "commit-tree", tree, *parent, "-m", message)

    @staticmethod
    def _in(store: Path) -> tuple[str, ...]:
        return ("--git-dir", str(store))
