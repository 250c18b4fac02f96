"""Where an image comes from, as a key: the same key means that nothing has to be fetched or built again."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from solstice.adapters.images.recipe import digest_recipe
from solstice.domain.errors import OperatorMistake
from solstice.domain.image import Digest, DigestKind, Image, Local, Recipe


def identify(image: Image) -> str:
    """The key of ``image``: a built one changes with its recipe's files, a local one with its file's date.

    A fetched one whose digest is written down is the same from any mirror.
    """
    source = image.source
    if isinstance(source, Recipe):
        words = ["recipe", digest_recipe(Path(source.directory))]
    elif isinstance(source, Local):
        words = ["local", *_stamp(Path(source.path)), str(source.digest)]
    elif source.digest:
        words = ["digest", str(source.digest)]
    else:
        words = ["url", source.url, source.digest_url or "unverified"]
    words += [image.decompress.value, image.format.value]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:40]


def read_pin(record: Mapping[str, str]) -> Digest | None:
    """The digest a pin's record holds."""
    algorithm, _, value = record.get("digest", "").partition(":")
    kinds = [kind for kind in DigestKind if kind.algorithm == algorithm and kind.value == len(value)]
    return Digest(kinds[0], value) if kinds else None


def _stamp(path: Path) -> list[str]:
    try:
        facts = path.stat()
    except OSError as error:
        raise OperatorMistake(
            f"cannot read the disk {path}: {error.strerror}", "Mend `source` in the image map."
        ) from error
    return [str(path), str(facts.st_size), str(facts.st_mtime_ns), str(facts.st_ino)]
