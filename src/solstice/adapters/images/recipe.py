"""A recipe's folder: what its recipe.toml says, what it needs, and the digest of everything in it."""

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solstice.domain.errors import MachineFault, OperatorMistake

RECIPE_FILE = "recipe.toml"
BUILD_VERB = "build"
_BUILD_KEYS: Mapping[str, Any] = {"needs": [], "install": "", "uses": []}
_ADMIN_PATHS = ("/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """``image`` are the keys the image map takes over, ``needs`` the programs ``build`` calls.

    ``uses`` are other recipes' folders ``build`` takes files from.
    """

    image: Mapping[str, object]
    needs: tuple[str, ...] = ()
    install: str = ""
    uses: tuple[Path, ...] = ()


def read_recipe(directory: Path) -> RecipeFacts:
    """Read ``recipe.toml``; a recipe without one has no facts to add."""
    path = directory / RECIPE_FILE
    if not directory.is_dir():
        raise OperatorMistake(
            f"there is no recipe folder {directory}", "Mend `build` of the image in the image map."
        )
    try:
        data = tomllib.loads(path.read_text())
    except FileNotFoundError:
        data = {}
    except (OSError, ValueError) as error:
        raise OperatorMistake(f"cannot read the recipe {path}: {error}", f"Mend {path}.") from error
    image, build = data.pop("image", {}), data.pop("build", {})
    needs, install, uses = (build.pop(key, empty) for key, empty in _BUILD_KEYS.items())
    if data or build:
        unknown = ", ".join([*data, *(f"build.{key}" for key in build)])
        raise OperatorMistake(f"{path} has keys that mean nothing: {unknown}", f"Mend {path}.")
    folders = tuple((directory / str(other)).resolve() for other in uses)
    return RecipeFacts(image, tuple(str(need) for need in needs), str(install), folders)


def check_needs(directory: Path, facts: RecipeFacts) -> None:
    """Refuse to start a build that would fail for want of a program."""
    missing = [need for need in facts.needs if not _find_program(need)]
    if missing:
        remedy = f"Install them: {facts.install}." if facts.install else "Install them."
        raise MachineFault(
            f"the recipe {directory.name} needs programs this computer does not have: {', '.join(missing)}",
            remedy,
        )


def digest_recipe(directory: Path) -> str:
    """A digest of names, executable bits and contents of every file the recipe is made of."""
    import hashlib  # OpenSSL behind it is slow to load, and `solstice check` reads recipes without it.

    total = hashlib.sha256()
    for folder in (directory, *read_recipe(directory).uses):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                total.update(f"{path.relative_to(folder).as_posix()}\0{_describe_file(path)}\n".encode())
    return total.hexdigest()


def _describe_file(path: Path) -> str:
    executable = "x" if path.stat().st_mode & 0o100 else "-"
    import hashlib

    return executable + hashlib.sha256(path.read_bytes()).hexdigest()


def _find_program(name: str) -> str | None:
    found = shutil.which(name)
    for folder in _ADMIN_PATHS:
        found = found or shutil.which(name, path=folder)
    return found
