"""The work tree as it stands, as a commit on top of HEAD that the repository itself never sees."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from solstice.adapters.git.program import Git
from solstice.adapters.git.repository import Repository
from solstice.adapters.git.store import Store
from solstice.domain.errors import OperatorMistake
from solstice.domain.workflow.taking import tame

_SETTINGS = (
    *("user.name=Solstice CI", "user.email=solstice@localhost"),
    # What would write elsewhere than into the store, or run a program that nobody asked for.
    *(
        "core.hooksPath=/dev/null",
        "core.splitIndex=false",
        "core.fsmonitor=false",
        "core.untrackedCache=false",
    ),
    # The store is thrown away: it need not outlive a loss of power.
    "core.fsync=none",
    # A commit might be refused for its line ends; a run is not.
    "core.safecrlf=false",
)
_NESTED = re.compile(r"error: '(.+?)/?' does not have a commit checked out")


def commit_work_tree(repository: Repository, store: Store) -> str:
    """Commit into ``store`` what `git add --all` would take, with the repository's own settings."""
    index = store.folder / "index"
    git = store.git(f"GIT_INDEX_FILE={index}", "GIT_LITERAL_PATHSPECS=0", settings=_SETTINGS)
    if (repository.git_dir / "index").is_file():
        # The person's own index as the start keeps files that are tracked although ignored, and those a
        # sparse checkout leaves out. With its time: git distrusts entries that are as young as their index.
        shutil.copy2(repository.git_dir / "index", index)
    _add(git, _all_but(store.folder, repository.root))
    # A partial clone need not have all that a sparse checkout leaves out: packing fetches it at once.
    tree = git.run("write-tree", "--missing-ok")
    parent = ("-p", repository.head) if repository.head else ()
    return git.run("commit-tree", tree, *parent, "-m", "The work tree as it stands")


def _all_but(folder: Path, root: Path) -> tuple[str, ...]:
    # A state directory may lie in the work tree: what is being written cannot be packed.
    if not folder.is_relative_to(root):
        return (".",)
    return ".", f":(exclude,top,literal){folder.relative_to(root)}"


def _add(git: Git, paths: Sequence[str]) -> None:
    try:
        git.run("add", "--all", "--sparse", "--", *paths)
    except OperatorMistake as error:
        said = str(error)
        if nested := _NESTED.search(said):
            raise OperatorMistake(
                f"{tame(nested[1])} is a repository of its own without a commit: it cannot be packed",
                "Commit something in it, remove its .git folder, or name it in .gitignore.",
            ) from error
        lines = [tame(line) for line in said.splitlines() if not line.startswith(("warning:", "hint:"))]
        raise OperatorMistake(
            "the work tree cannot be packed: " + "\n  ".join(lines),
            "Mend what git names, have git ignore it (.gitignore), or run a commit: --commit HEAD.",
        ) from error
