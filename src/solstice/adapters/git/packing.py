"""A commit written as a git bundle, with the history it has or without."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from solstice.adapters.git.store import Store
from solstice.wire.agent import CUT_REFS

REF = "refs/heads/solstice"
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Bundle:
    """A commit as a git bundle; a ``shallow`` one names under `CUT_REFS` those cut off from their parents."""

    path: Path
    commit: str
    ref: str
    size: int
    sha256: str
    shallow: bool


def pack_alone(store: Store, commit: str, path: Path) -> Bundle:
    """The commit without what came before it."""
    header = store.git().run("cat-file", "commit", commit).partition("\n\n")[0]
    # Asked of the commit itself: in a shallow clone git denies the parents that it lacks.
    cut = [commit] if "\nparent " in header else []
    shallow = store.folder / "shallow"
    shallow.write_text("".join(f"{name}\n" for name in cut))
    return _write(store, [f"GIT_SHALLOW_FILE={shallow}"], commit, cut, path)


def pack_history(store: Store, commit: str, path: Path) -> Bundle:
    """The commit and all that came before it; of a shallow clone, what is there."""
    cut: list[str] = []
    shallow = store.repository.common_dir / "shallow"
    if shallow.is_file():
        known = set(shallow.read_text().split())
        roots = store.git().run("rev-list", "--max-parents=0", commit)
        cut = [root for root in roots.split() if root in known]
    return _write(store, [], commit, cut, path)


def _write(store: Store, variables: Sequence[str], commit: str, cut: Sequence[str], path: Path) -> Bundle:
    # Written here and not by `git bundle`, which packs only what a ref of the repository names.
    refs = {REF: commit, **{f"{CUT_REFS}{number}": name for number, name in enumerate(cut)}}
    with path.open("wb") as file:
        is_sha256 = len(commit) == _SHA256_DIGITS
        file.write(b"# v3 git bundle\n@object-format=sha256\n" if is_sha256 else b"# v2 git bundle\n")
        file.writelines(f"{name} {ref}\n".encode() for ref, name in refs.items())
        file.write(b"\n")
        words = ("pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset")
        store.git(*variables).write(file, *words, given=f"{commit}\n".encode())
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Bundle(path, commit, REF, path.stat().st_size, digest, bool(cut))
