"""Writing an image into a person's own map, whose other lines and comments stay as they are."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.shelf import sync_folder
from solstice.domain.errors import MachineFault, OperatorMistake
from solstice.domain.image import Image

_FIRST_LINES = "# Your own images, laid over the shipped ones; docs/images.md explains every key.\n"


def add_image(own: Path, shipped: Path, name: str, entry: Mapping[str, object], replace: bool) -> Image:
    """Write ``entry`` as ``images.<name>`` into ``own`` and return the image.

    The map as a whole must be right with it. The file is replaced in one step, or not touched at all.
    """
    document = _read(own)
    images = document.setdefault("images", tomlkit.table(is_super_table=True))
    if not isinstance(images, dict):
        raise OperatorMistake(f"`images` in {own} is not a table", f"Mend {own}.")
    if name in images and not replace:
        raise OperatorMistake(f"{own} has an image {name} already", "Give another --name, or --replace.")
    table = tomlkit.table()
    for key, value in entry.items():
        table.add(key, value)
    images[name] = table
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        return _replace_checked(own, shipped, name, tomlkit.dumps(document))
    except OSError as error:
        raise MachineFault(f"cannot write {own}: {error.strerror}", "Give another --images.") from error


def _read(own: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(own.read_text())
    except FileNotFoundError:
        return tomlkit.parse(_FIRST_LINES)
    except (OSError, ValueError, TOMLKitError) as error:
        raise OperatorMistake(f"cannot read the image map {own}: {error}", f"Mend {own}.") from error


def _replace_checked(own: Path, shipped: Path, name: str, text: str) -> Image:
    # A link is followed, so that a map kept in a repository of dotfiles stays there.
    own = own.resolve()
    handle, temporary = tempfile.mkstemp(dir=own.parent, prefix=".images-", suffix=".toml")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        image = load_image_map(shipped, Path(temporary), own).images[name]
        Path(temporary).chmod(own.stat().st_mode & 0o777 if own.exists() else 0o644)
        Path(temporary).replace(own)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(own.parent)
    return image
