"""What is in a git repository of this computer."""

import re
from dataclasses import dataclass
from pathlib import Path

from solstice.adapters.git.program import Git
from solstice.domain.errors import OperatorMistake

_FAR = re.compile(r"(?!file:)[^/]+:")
"""Addresses of other computers: with a scheme, or `host:path`."""


MAIN_BRANCHES = ("@{upstream}", "origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where a branch may have begun, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree: its root folder, its git directory, that of the clone it belongs to (the same, but for
    a linked work tree) and the commit checked out ("" in an empty one)."""

    root: Path
    git_dir: Path
    common_dir: Path
    head: str
    branch: str
    tag: str
    origin: str
    actor: str

    @property
    def git(self) -> Git:
        """Git in its work tree."""
        return Git(self.root)


def open_repository(path: Path) -> Repository:
    """The repository that holds ``path``."""
    try:
        root = Path(Git(path).run("rev-parse", "--show-toplevel"))
    except OperatorMistake as error:
        if "not a git repository" not in str(error):
            raise
        raise OperatorMistake(
            f"{path} is not in a git repository",
            "Run `git init` there and commit something, or give the path of a repository.",
        ) from None
    git = Git(root)
    return Repository(
        root=root,
        git_dir=Path(git.run("rev-parse", "--absolute-git-dir")),
        common_dir=(root / git.run("rev-parse", "--git-common-dir")).resolve(),
        head=git.ask("rev-parse", "--verify", "--quiet", "HEAD"),
        branch=git.ask("symbolic-ref", "--quiet", "--short", "HEAD"),
        tag=git.ask("describe", "--tags", "--exact-match", "HEAD"),
        origin=git.ask("config", "--get", "remote.origin.url"),
        actor=git.ask("config", "--get", "user.name"),
    )


def resolve_commit(repository: Repository, revision: str) -> str:
    """The full hash of a commit named in any way git understands."""
    found = repository.git.ask(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if not found:
        raise OperatorMistake(
            f"no commit is called {revision!r} in {repository.root}", "See `git log` and `git branch -a`."
        )
    return found


def changed_paths(repository: Repository) -> tuple[str, ...]:
    """Paths that differ between the work tree and the commit, untracked ones included."""
    listing = repository.git.run("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
    return tuple(entry[3:] for entry in listing.split("\0") if entry)


def paths_since_base(repository: Repository, commit: str) -> tuple[str, ...] | None:
    """Paths that ``commit`` changed against where its branch began; ``None`` if nobody can say.

    A branch begins where it left its upstream or the main branch; a commit of the main branch is compared
    with its parent.
    """
    git = repository.git
    for name in (*MAIN_BRANCHES, f"{commit}^"):
        base = git.ask("merge-base", commit, name)
        if base and base != commit:
            listing = git.ask("diff", "--name-only", "--no-renames", "-z", base, commit)
            return tuple(path for path in listing.split("\0") if path)
    return None


def read_file(repository: Repository, commit: str, path: str) -> bytes | None:
    """A file of a commit."""
    return repository.git.read("cat-file", "blob", f"{commit}:{path}")


def near_submodules(repository: Repository, commit: str | None) -> tuple[str, ...]:
    """Names of the submodules, of a commit or of the work tree, whose source is no other computer's."""
    place = ("--blob", f"{commit}:.gitmodules") if commit else ("--file", ".gitmodules")
    listing = repository.git.ask("config", *place, "-z", "--get-regexp", r"^submodule\..*\.url$")
    pairs = (entry.partition("\n") for entry in listing.split("\0") if entry)
    return tuple(key[len("submodule.") : -len(".url")] for key, _, url in pairs if not _FAR.match(url))
