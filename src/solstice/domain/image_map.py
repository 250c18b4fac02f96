"""The image map as somebody wrote it: read strictly, every mistake named by its key."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from solstice.domain.errors import OperatorMistake
from solstice.domain.image import (
    Boot,
    Channel,
    Decompress,
    Digest,
    DigestKind,
    DiskFormat,
    Image,
    ImageMap,
    Local,
    Recipe,
    Remote,
    SeedBus,
    SeedKind,
    Size,
    Source,
)
from solstice.domain.quantity import SIZE_WORDS, BadQuantity, parse_size
from solstice.domain.suggestion import did_you_mean

Choice = TypeVar("Choice", bound=Enum)
Kind = TypeVar("Kind")

_LONGEST_NAME = 128
_MOST_CPUS = 1024
_MOST_WARM = 256
_SCHEMES = ("https://", "http://", "file://")


class BadImageMap(OperatorMistake):
    """The map cannot be used; ``mistakes`` holds one line for each thing wrong, the key first."""

    def __init__(self, where: str, mistakes: tuple[str, ...]) -> None:
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"the image map {where} cannot be used:\n{lines}", f"Mend {where}.")
        self.mistakes = mistakes


def parse_image_map(data: Mapping[str, object], where: str = "images.toml") -> ImageMap:
    """Read the tables of an image map; ``where`` is what to call it in messages."""
    mistakes: list[str] = []
    top = _Table(data, "", mistakes)
    default = top.text("default_label")
    aliases = top.table("aliases")
    sizes = top.table("sizes")
    images = top.table("images")
    top.close()
    image_map = ImageMap(
        images={name: _read_image(name, images.table(name)) for name in images.names()},
        aliases={name: aliases.text(name) for name in aliases.names()},
        sizes={name: _read_size(sizes.table(name)) for name in sizes.names()},
        default_label=default,
    )
    _check_labels(image_map, mistakes)
    if mistakes:
        raise BadImageMap(where, tuple(mistakes))
    return image_map


def _check_labels(image_map: ImageMap, mistakes: list[str]) -> None:
    for label in image_map.aliases:
        if label in image_map.images:
            mistakes.append(f"aliases.{label}: an image has this name already")
    wanted = [*((f"aliases.{label}", label) for label in image_map.aliases)]
    if image_map.default_label:
        wanted.append(("default_label", image_map.default_label))
    for key, label in wanted:
        try:
            image_map.resolve(label)
        except OperatorMistake as error:
            mistakes.append(f"{key}: {error}")


def _read_size(table: "_Table") -> Size:
    size = Size(
        cpus=table.number("cpus", 1, _MOST_CPUS), memory=table.bytes("memory"), disk=table.bytes("disk")
    )
    table.close()
    return size


def _read_image(name: str, table: "_Table") -> Image:
    image = Image(
        name=name,
        source=_read_source(table),
        os=table.text("os", "linux"),
        arch=table.text("arch", "x86_64"),
        decompress=table.choice("decompress", Decompress.NONE),
        format=table.choice("format", DiskFormat.QCOW2),
        seed=table.choice("seed", SeedKind.NOCLOUD),
        seed_bus=table.choice("seed_bus", SeedBus.IDE),
        boot=table.choice("boot", Boot.FIRMWARE),
        cmdline=table.text("cmdline"),
        user=table.text("user"),
        python=table.text("python", "python3"),
        channel=table.choice("channel", Channel.VIRTIO),
        channel_device=table.text("channel_device"),
        size=Size(table.number("cpus", 1, _MOST_CPUS), table.bytes("memory"), table.bytes("disk")),
        hypervisors=table.texts("hypervisors"),
        warm=table.number("warm", 0, _MOST_WARM) or 0,
        tried=table.flag("tried"),
        note=table.text("note"),
    )
    if image.boot is Boot.KERNEL and not isinstance(image.source, Recipe):
        table.blame("boot", "only a built image has a kernel beside its disk")
    table.close()
    return image


def _read_source(table: "_Table") -> Source:
    source, build = table.text("source"), table.text("build")
    digest, digest_url, unverified = _read_digest(table), table.url("digest_url"), table.flag("unverified")
    if bool(source) == bool(build):
        table.blame("source", "either `source` (a URL or a path) or `build` (a recipe's folder) is needed")
    if build:
        if digest or digest_url or unverified:
            table.blame("build", "a built image has no digest beforehand")
        return Recipe(build)
    if "://" not in source:
        if digest_url or unverified:
            table.blame("source", "a path needs neither `digest_url` nor `unverified`")
        return Local(source, digest)
    table.url("source")
    if sum((digest is not None, bool(digest_url), unverified)) != 1:
        table.blame(
            "source", "a URL needs exactly one of `sha256`, `sha512`, `digest_url` or `unverified = true`"
        )
    return Remote(source, digest, digest_url or None, unverified)


def _read_digest(table: "_Table") -> Digest | None:
    found = [
        Digest(kind, text.lower())
        for kind in DigestKind
        if (text := table.hexadecimal(kind.algorithm, kind.value))
    ]
    if len(found) > 1:
        table.blame("sha512", "one digest is enough: write `sha256` or `sha512`")
    return found[0] if found else None


class _Table:
    """One table of the map; what is wrong with it goes to a list all tables share."""

    def __init__(self, data: object, path: str, mistakes: list[str]) -> None:
        self._path = path
        self._mistakes = mistakes
        self._read: set[str] = set()
        self._data: Mapping[str, object] = data if isinstance(data, Mapping) else {}
        if not isinstance(data, Mapping):
            mistakes.append(f"{path}: a table is expected, not {_say_type(data)}")

    def blame(self, key: str, message: str) -> None:
        self._mistakes.append(f"{self._join(key)}: {message}")

    def names(self) -> tuple[str, ...]:
        """The keys, where the keys are names somebody chose."""
        good = []
        for name in self._data:
            if not name or len(name) > _LONGEST_NAME or not name.isprintable() or name != name.strip():
                self.blame(repr(name), f"a name has 1 to {_LONGEST_NAME} printable characters")
            else:
                good.append(name)
        return tuple(good)

    def table(self, key: str) -> "_Table":
        self._read.add(key)
        return _Table(self._data.get(key, {}), self._join(key), self._mistakes)

    def text(self, key: str, default: str = "") -> str:
        value = self._take(key, default, str, "a text")
        if any(ord(char) < 32 for char in value):
            self.blame(key, "control characters have no meaning here")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value: list[object] = self._take(key, [], list, "a list of texts")
        if not all(isinstance(item, str) for item in value):
            self.blame(key, "a list of texts is expected")
        return tuple(item for item in value if isinstance(item, str))

    def flag(self, key: str) -> bool:
        return self._take(key, False, bool, "true or false")

    def number(self, key: str, least: int, most: int) -> int | None:
        if key not in self._data:
            return None
        value = self._take(key, least, int, "a whole number")
        if isinstance(value, bool) or not least <= value <= most:
            self.blame(key, f"a whole number from {least} to {most} is expected")
            return None
        return value

    def bytes(self, key: str) -> int | None:
        text = self.text(key)
        if not text:
            return None
        try:
            return parse_size(text)
        except BadQuantity as error:
            self.blame(key, f"{error}: {SIZE_WORDS} is expected")
            return None

    def choice(self, key: str, default: Choice) -> Choice:
        word = self.text(key, default.value)
        for member in type(default):
            if member.value == word:
                return member
        words = [str(member.value) for member in type(default)]
        self.blame(key, f"{word!r} is not one of {', '.join(words)}{_suggest(word, words)}")
        return default

    def url(self, key: str) -> str:
        text = self.text(key)
        if text and not text.lower().startswith(_SCHEMES):
            self.blame(key, f"only {', '.join(_SCHEMES)} URLs can be fetched")
        return text

    def hexadecimal(self, key: str, length: int) -> str:
        text = self.text(key)
        if text and (len(text) != length or set(text.lower()) - set("0123456789abcdef")):
            self.blame(key, f"{length} hexadecimal digits are expected")
            return ""
        return text

    def close(self) -> None:
        """Every key nobody read is one the author mistook for another."""
        for key in self._data:
            if key not in self._read:
                self.blame(key, f"there is no such key{_suggest(key, sorted(self._read))}")

    def _take(self, key: str, default: Kind, kind: type[Kind], words: str) -> Kind:
        self._read.add(key)
        value = self._data.get(key, default)
        if not isinstance(value, kind):
            self.blame(key, f"{words} is expected, not {_say_type(value)}")
            return default
        return value

    def _join(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _suggest(word: str, known: list[str]) -> str:
    hint = did_you_mean(word, known)
    return f"; {hint}" if hint else ""


def _say_type(value: object) -> str:
    return {dict: "a table", list: "a list", str: "a text", bool: "true or false", int: "a number"}.get(
        type(value), type(value).__name__
    )
