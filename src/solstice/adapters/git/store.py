"""Where git puts what is made for a run, so that nothing is written into the person's repository."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from solstice.adapters.git.program import Git
from solstice.adapters.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Store:
    """New objects in ``folder``, beside those of the repository."""

    folder: Path
    repository: Repository

    @staticmethod
    def make(folder: Path, repository: Repository) -> "Store":
        """An empty one."""
        info = folder / "objects/info"
        info.mkdir(parents=True)
        # Quoted as in C: a line of its own must hold any name that a folder can have.
        path = os.fsencode(repository.common_dir / "objects")
        for plain, quoted in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
            path = path.replace(plain, quoted)
        (info / "alternates").write_bytes(b'"%s"\n' % path)
        # Git runs in the work tree, not where this process does.
        return Store(folder.resolve(), repository)

    def git(self, *variables: str, settings: Sequence[str] = ()) -> Git:
        """Git in the repository, its new objects going into the store."""
        objects = f"GIT_OBJECT_DIRECTORY={self.folder / 'objects'}"
        # Grafts are history as it is seen here; the guest sees it as it is.
        return Git(self.repository.root, tuple(settings), (objects, "GIT_GRAFT_FILE=/dev/null", *variables))
