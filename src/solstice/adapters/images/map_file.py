"""Image map files: the shipped one, with a person's own laid over it, each path made absolute."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from solstice.adapters.images.recipe import read_recipe
from solstice.domain.errors import OperatorMistake
from solstice.domain.image import ImageMap
from solstice.domain.image_map import parse_image_map

_TABLES = ("aliases", "sizes", "images")


def load_image_map(shipped: Path, own: Path | None, called: Path | None = None) -> ImageMap:
    """Read the map at ``shipped`` and, over it, the one at ``own``, which messages call ``called``.

    An image named in both is the one of ``own`` alone. A folder of recipes given as ``images/NAME`` is
    looked for beside the map, beside the map's folder, and among the shipped ones.
    """
    merged = _read_map(shipped, shipped)
    where = str(shipped)
    if own is not None:
        where = str(called or own)
        merged = _lay_over(merged, _read_map(own, shipped))
    return parse_image_map(merged, where)


def _read_map(path: Path, shipped: Path) -> dict[str, object]:
    try:
        data = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise OperatorMistake(f"there is no image map {path}", "Give another --images.") from error
    except (OSError, ValueError) as error:
        raise OperatorMistake(f"cannot read the image map {path}: {error}", f"Mend {path}.") from error
    images = data.get("images")
    if isinstance(images, dict):
        data["images"] = {name: _complete(entry, path, shipped) for name, entry in images.items()}
    return data


def _complete(entry: object, path: Path, shipped: Path) -> object:
    """Paths become absolute, and a recipe's own facts stand beneath what the map says."""
    if not isinstance(entry, dict):
        return entry
    build, source = entry.get("build"), entry.get("source")
    if isinstance(build, str) and build:
        directory = _find_recipe(build, path, shipped)
        return {**read_recipe(directory).image, **entry, "build": str(directory)}
    if isinstance(source, str) and source and "://" not in source:
        return {**entry, "source": str((path.parent / source).absolute())}
    return entry


def _find_recipe(build: str, path: Path, shipped: Path) -> Path:
    bases = (path.parent, path.parent.parent, shipped.parent.parent)
    candidates = [(base / build).absolute() for base in bases]
    return next((candidate for candidate in candidates if candidate.is_dir()), candidates[0])


def _lay_over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    merged = {**below, **above}
    for table in _TABLES:
        lower, upper = below.get(table), above.get(table, {})
        if isinstance(lower, dict) and isinstance(upper, dict):
            merged[table] = {**lower, **upper}
    return merged
