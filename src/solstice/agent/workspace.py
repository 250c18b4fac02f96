"""The folders of one job in the machine: the checkout, and a private one for scripts and outputs."""

import os
from dataclasses import dataclass
from pathlib import Path

from solstice.agent.users import User


@dataclass(frozen=True, slots=True)
class Workspace:
    """``checkout`` belongs to the job's user; ``private`` is beside it, never in it."""

    root: Path
    user: User

    @property
    def checkout(self) -> Path:
        """Where the source is, and where every step begins."""
        return self.root / "work"

    @property
    def private(self) -> Path:
        """What the agent keeps for itself and for single steps."""
        return self.root / "private"

    def create(self) -> None:
        """Make the folders; ones that are there already are used."""
        for folder, mode in ((self.root, 0o755), (self.checkout, 0o755), (self.private, 0o711)):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        self.user.own(self.checkout)

    def create_step_folder(self, folder: Path, *empty_files: Path) -> None:
        """A new folder that only the job's user may look into, with these files in it."""
        folder.mkdir(mode=0o700)
        for path in empty_files:
            path.touch(mode=0o600)
            self.user.own(path)
        self.user.own(folder)

    def folder_inside(self, name: str) -> Path:
        """A folder of the checkout, made if it is not there; `ValueError` if the name leads out of it."""
        checkout = self.checkout.resolve()
        folder = (checkout / name).resolve()
        if not folder.is_relative_to(checkout):
            raise ValueError(f'"{name}" leads out of the checkout')
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir()
            self.user.own(path)
        return folder

    def write_script(self, folder: Path, text: str, suffix: str) -> Path:
        """A step's script as a file, so that its length and its ``$0`` are no concern of the shell."""
        path = folder / f"script{suffix}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o500)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text if text.endswith("\n") else text + "\n")
        self.user.own(path)
        return path
