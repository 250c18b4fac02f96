"""The git program, asked about one folder, whatever another git around us left in the environment."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from solstice.domain.errors import MachineFault, OperatorMistake

LOCAL_VARIABLES = (
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"),
    *("GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE"),
    *("GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX"),
    *("GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR"),
)
"""What `git rev-parse --local-env-vars` lists. A hook inherits these: with them, git would write the index
of the repository whose hook it is."""
_NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Git:
    """Git in ``folder``, with ``settings`` (``name=value``) over the configured ones.

    ``variables`` (``NAME=value``) are for git alone; they go through the program `env`.
    """

    folder: Path
    settings: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def run(self, *words: str, given: bytes = b"") -> str:
        """What git prints, without the end of its last line; `OperatorMistake` with its words if it fails."""
        return os.fsdecode(_checked(self._call(words, given, subprocess.PIPE), words)).removesuffix("\n")

    def ask(self, *words: str) -> str:
        """As `run`, for a question that may have no answer: "" if git fails."""
        done = self._call(words, b"", subprocess.PIPE)
        return os.fsdecode(done.stdout).removesuffix("\n") if done.returncode == 0 else ""

    def read(self, *words: str) -> bytes | None:
        """What git prints, byte for byte; ``None`` if it fails."""
        done = self._call(words, b"", subprocess.PIPE)
        return done.stdout if done.returncode == 0 else None

    def write(self, target: IO[bytes], *words: str, given: bytes) -> None:
        """As `run`, what git prints going to the end of ``target``."""
        target.flush()
        _checked(self._call(words, given, target), words)

    def _call(
        self, words: tuple[str, ...], given: bytes, target: IO[bytes] | int
    ) -> "subprocess.CompletedProcess[bytes]":
        unset = (word for name in LOCAL_VARIABLES for word in ("-u", name))
        settings = (word for setting in self.settings for word in ("-c", setting))
        done = subprocess.run(
            [
                # Some of git's messages are read here: they must be the English ones.
                *("env", *unset, "LANGUAGE=C", *self.variables),
                # A look must not write the index, and what is read must be what is packed.
                *("git", "--no-optional-locks", "--no-replace-objects", *settings),
                *("-C", str(self.folder), *words),
            ],
            input=given,
            stdout=target,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode == _NOT_FOUND and not shutil.which("git"):
            raise MachineFault("this machine has no git", "Install it: apt-get install git.")
        return done


def _checked(done: "subprocess.CompletedProcess[bytes]", words: tuple[str, ...]) -> bytes:
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise OperatorMistake(f"git {words[0]} failed: {said}")
    return done.stdout or b""
