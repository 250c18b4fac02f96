"""What no committed text may hold: a package registry's host, a path of somebody's machine."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.house.source import Finding

# Written in pieces, so that this file keeps its own rule.
REGISTRY_HOSTS = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("ftp", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("security", "ubuntu", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("rubygems", "org"),
        ("repo1", "maven", "org"),
    )
)
_ROOTS = tuple(f"/{name}/" for name in ("wor" + "k", "roo" + "t", "user" + "s", "home"))
MACHINE_PATHS = re.compile(
    rf"(?<![\w.~-])(?:{_ROOTS[0]}|{_ROOTS[1]}\.|{_ROOTS[2].replace('u', 'U')}\w|{_ROOTS[3]}(?!ci\b)\w+/)"
)
"""Folders that exist on one person's computer only; ``/home/ci`` is a guest's."""

_HOST = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, REGISTRY_HOSTS)) + r")(?![\w-])", re.IGNORECASE)


def check_text(path: PurePosixPath, text: str) -> Iterator[Finding]:
    """No line names a package registry's host or a path of one machine."""
    folded = text.lower()
    # Plain searches first: nearly every file is innocent, and expressions are slow under emulation.
    if not any(word in folded for word in (*REGISTRY_HOSTS, *_ROOTS)):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if found := _HOST.search(line):
            yield Finding(str(path), number, f"names the registry host `{found[0]}`")
        if found := MACHINE_PATHS.search(line):
            yield Finding(str(path), number, f"names a path of one machine: `{found[0]}…`")
