"""Rules for files that are not Python: tasks, and pinned requirements."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.house.source import Finding

_REQUIREMENT = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==[^\s;]+(\s*;.*)?$")
_HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def check_task(path: PurePosixPath, text: str, mode: int) -> Iterator[Finding]:
    """A task is a plain executable script that says what it does, with or without mise."""
    lines = text.splitlines()
    if not mode & 0o111:
        yield Finding(str(path), 1, "is not executable")
    if not lines or not lines[0].startswith("#!"):
        yield Finding(str(path), 1, "names no interpreter")
    if len(lines) < 2 or not re.match(r'^#MISE description="[^"]{5,}"$', lines[1]):
        yield Finding(str(path), 2, 'the second line is not `#MISE description="…"`')
    if lines and "sh" in lines[0] and "set -euo pipefail" not in text:
        yield Finding(str(path), 1, "goes on after a command that failed (`set -euo pipefail` is missing)")


def check_requirements(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """A lock file holds exact versions with hashes, and nothing else."""
    for number, line in _logical_lines(text):
        requirement, *hashes = (piece.strip() for piece in line.split(" --hash="))
        if not _REQUIREMENT.match(requirement):
            yield Finding(str(path), number, f"is not one exact version: `{requirement[:60]}`")
        elif not hashes:
            yield Finding(str(path), number, f"`{requirement}` has no hash")
        elif not all(_HASH.match("--hash=" + digest) for digest in hashes):
            yield Finding(str(path), number, f"`{requirement}` has a hash that is no SHA-256")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    start, held = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if not held:
            start = number
        held += line.strip().removesuffix("\\")
        if line.rstrip().endswith("\\"):
            held += " " if not held.endswith(" ") else ""
            continue
        if held and not held.startswith("#"):
            yield start, held
        held = ""
