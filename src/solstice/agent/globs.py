"""Which files of a folder a list of patterns means: ``*``, ``?``, ``[…]``, ``**``, and ``!`` to leave out."""

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_WILD = re.compile(r"[*?\[]")


class PatternMistake(Exception):
    """A pattern that leads out of the folder; the message names it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: its name in the folder, and where it really is (elsewhere for a symbolic link)."""

    name: str
    path: Path


def find_files(root: Path, patterns: Sequence[str]) -> list[Found]:
    """The regular files inside ``root`` that the patterns mean, by name.

    A folder means everything below it. Links to files count as what they lead to, if that is inside;
    links to folders are not followed. Wildcards do not find ``.git``.
    """
    root = root.resolve()
    names: set[str] = set()
    for pattern in patterns:
        if pattern.startswith("!"):
            names -= set(_expand(root, _split(pattern[1:])))
        else:
            names |= set(_expand(root, _split(pattern)))
    found = (_resolve(root, name) for name in sorted(names, key=os.fsencode))
    return [file for file in found if file is not None]


def _split(pattern: str) -> tuple[str, ...]:
    parts = tuple(part for part in pattern.split("/") if part not in ("", "."))
    if pattern.startswith("/") or ".." in parts:
        raise PatternMistake(f'the pattern "{pattern}" leads out of the checkout')
    return parts


def _expand(root: Path, parts: tuple[str, ...]) -> Iterator[str]:
    """Names of everything that matches and is no folder."""
    # Several ** lead to the same place in many ways: each is looked at once.
    seen: set[tuple[str, int]] = set()
    waiting: list[tuple[str, int]] = [("", 0)]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        folder, index = at
        rest = parts[index:] or ("**",)
        if rest[0] == "**":
            if len(rest) > 1:
                waiting.append((folder, index + 1))
            for name, is_folder in _entries(root, folder):
                if is_folder:
                    waiting.append((name, index))
                elif len(rest) == 1:
                    yield name
        else:
            for name, is_folder in _matching(root, folder, rest[0]):
                if is_folder:
                    waiting.append((name, index + 1))
                elif len(rest) == 1:
                    yield name


def _matching(root: Path, folder: str, part: str) -> Iterator[tuple[str, bool]]:
    if _WILD.search(part):
        matches = re.compile(fnmatch.translate(part)).match
        return (
            (name, is_folder)
            for name, is_folder in _entries(root, folder)
            if matches(name.rpartition("/")[2])
        )
    name = f"{folder}/{part}" if folder else part
    path = root / name
    if not os.path.lexists(path):
        return iter(())
    return iter([(name, path.is_dir() and not path.is_symlink())])


def _entries(root: Path, folder: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(root / folder) as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return
    for name, is_folder in listed:
        if name != ".git":
            yield (f"{folder}/{name}" if folder else name), is_folder


def _resolve(root: Path, name: str) -> Found | None:
    try:
        path = (root / name).resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return Found(name, path) if path.is_relative_to(root) and path.is_file() else None
