"""What a person pointed at: the repository that is run or planned, or why it is none."""

from pathlib import Path

from solstice.adapters.git.program import Git
from solstice.adapters.git.repository import Repository, open_repository
from solstice.domain.errors import OperatorMistake
from solstice.domain.occasion import Whereabouts


def find_repository(path: Path) -> Repository:
    """The repository that holds ``path``; `OperatorMistake` says what is there instead."""
    try:
        if not path.exists():
            raise OperatorMistake(f"there is no {path}", "Give the path of a repository.")
        if not path.is_dir():
            raise OperatorMistake(
                f"{path} is a file, and a run needs the repository around it",
                "Give the repository's folder; `solstice check` takes a workflow file.",
            )
    except OSError as error:
        raise OperatorMistake(
            f"{path} could not be read: {(error.strerror or str(error)).lower()}",
            "Give the path of a repository.",
        ) from error
    # Both a bare repository and git's own folder inside a common one.
    if Git(path).ask("rev-parse", "--is-inside-work-tree") == "false":
        raise OperatorMistake(
            f"{path} is a repository without a work tree, so there are no files to run",
            "Give the folder of a work tree; a bare repository has to be cloned first.",
        )
    return open_repository(path)


def describe_place(repository: Repository, commit: str = "") -> Whereabouts:
    """What expressions may know of the repository, at ``commit`` or the one checked out."""
    return Whereabouts(
        repo=repository.root.name,
        branch=repository.branch,
        sha=commit or repository.head,
        actor=repository.actor,
    )
