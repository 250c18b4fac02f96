"""How images are shown: the list, a removal, a check, and progress while one is on its way."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from solstice.cli.terminal import count_cells, show
from solstice.domain.event import ImageProgress
from solstice.domain.image import Image, ImageMap, Local, Recipe, Remote

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class Content:
    """Something that lies in the cache: its digest, what it was made for, its bytes on the disk."""

    digest: str
    names: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    """An image of the map; ``content`` is what is here of it, ``templates`` how many machines of it are
    saved to restore others from."""

    image: Image
    content: Content | None
    templates: int = 0


def show_list(image_map: ImageMap, rows: Sequence[Row], unused: Sequence[Content], as_json: bool) -> str:
    """Everything the map leads to, whether it is here, and what lies here that the map no longer leads to."""
    if as_json:
        return json.dumps(
            {
                "default_label": image_map.default_label,
                "aliases": dict(image_map.aliases),
                "images": [_to_record(row) for row in rows],
                "unused": [_to_content_record(content) for content in unused],
            }
        )
    table: list[tuple[str, ...]] = [("IMAGE", "OS", "FROM", "HERE", "WARM", "TRIED", "NOTE")]
    table += [_to_cells(row, image_map) for row in rows]
    lines = [*_align(table), *_show_aliases(image_map)]
    if unused:
        lines += ["", "no longer used (solstice images rm --unused):"]
        lines += [f"  {_show_content(content)}" for content in unused]
    return "\n".join(lines)


def show_removed(removed: Sequence[Content], as_json: bool) -> str:
    """What is gone, and how much room that gave."""
    if as_json:
        return json.dumps({"removed": [_to_content_record(content) for content in removed]})
    lines = [f"removed {_show_content(content)}" for content in removed]
    return "\n".join(lines or ["nothing to remove"])


def show_verified(checked: Sequence[tuple[Content, Sequence[str]]], as_json: bool) -> str:
    """For each content that was hashed again, what is wrong with it."""
    if as_json:
        return json.dumps(
            {"contents": [{**_to_content_record(one), "complaints": list(wrong)} for one, wrong in checked]}
        )
    lines: list[str] = []
    for content, complaints in checked:
        lines.append(f"{'damaged' if complaints else 'whole  '}  {_show_content(content)}")
        lines += [f"         {show(complaint)}" for complaint in complaints]
        if complaints:
            lines.append(f"         → not used any more; {_say_remedy(content)}")
    return "\n".join(lines or ["no images are here"])


def _say_remedy(content: Content) -> str:
    remove = f"solstice images rm {content.digest[:12]}"
    if not content.names:
        return f"remove it: {remove}"
    return f"bring it anew: {remove}; solstice images pull {' '.join(map(show, content.names))}"


def describe_source(image: Image) -> str:
    """Where an image comes from, in a few words."""
    source = image.source
    if isinstance(source, Recipe):
        return "built here"
    if isinstance(source, Local):
        return show(source.path)
    return show(source.url) if isinstance(source, Remote) else ""


def format_bytes(size: int) -> str:
    """A size for reading, in the largest unit that leaves at least one."""
    number, unit = float(size), 0
    while number >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit < 2 or number >= 100 else f"{number:.1f} {_UNITS[unit]}"


def describe_progress(progress: ImageProgress) -> str:
    """One line without a bar."""
    counted = ""
    if progress.total:
        counted = f" {format_bytes(progress.done)} of {format_bytes(progress.total)}"
    elif progress.done:
        counted = f" {format_bytes(progress.done)}"
    return f"{show(progress.image)}: {show(progress.phrase)}{counted}"


@contextmanager
def watch_progress(stream: IO[str], is_terminal: bool) -> Iterator[Callable[[ImageProgress], None]]:
    """What to tell progress to: a bar for a person, one line a phrase for a file."""
    if is_terminal:
        with _open_bar(stream) as tell:
            yield tell
        return
    last = ""

    def tell_line(progress: ImageProgress) -> None:
        nonlocal last
        if progress.phrase != last:
            last = progress.phrase
            stream.write(describe_progress(progress) + "\n")
            stream.flush()

    yield tell_line


@contextmanager
def _open_bar(stream: IO[str]) -> Iterator[Callable[[ImageProgress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Words(TextColumn):
        def render(self, task: object) -> Text:
            # Never markup: the words come from recipes and servers.
            return Text(getattr(task, "description", ""))

    console = Console(file=stream)
    columns = (Words(""), BarColumn(bar_width=24), DownloadColumn(binary_units=True), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("", total=None)

        def tell(progress: ImageProgress) -> None:
            words = f"{show(progress.image)}: {show(progress.phrase)}"
            bars.update(bar, description=words, completed=progress.done, total=progress.total or None)

        yield tell


def _to_cells(row: Row, image_map: ImageMap) -> tuple[str, ...]:
    name = show(row.image.name) + (" *" if row.image.name == image_map.default_label else "")
    here = format_bytes(row.content.size) if row.content else "-"
    tried = "yes" if row.image.tried else "no"
    warm = str(row.templates or "-")
    return (name, show(row.image.os), describe_source(row.image), here, warm, tried, show(row.image.note))


def _show_aliases(image_map: ImageMap) -> list[str]:
    aliases = [f"  {show(label)} -> {show(target)}" for label, target in sorted(image_map.aliases.items())]
    return ["", *aliases] if aliases else []


def _show_content(content: Content) -> str:
    made_for = ", ".join(show(name) for name in content.names) or "nothing"
    return f"{content.digest[:12]}  {format_bytes(content.size):>9}  made for {made_for}"


def _align(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(count_cells, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - count_cells(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def _to_record(row: Row) -> dict[str, object]:
    image, source = row.image, row.image.source
    where = (
        source.directory
        if isinstance(source, Recipe)
        else getattr(source, "url", getattr(source, "path", ""))
    )
    return {
        "name": image.name,
        "os": image.os,
        "arch": image.arch,
        "kind": type(source).__name__.lower(),
        "source": where,
        "here": row.content is not None,
        "digest": row.content.digest if row.content else None,
        "size_bytes": row.content.size if row.content else None,
        "templates": row.templates,
        "tried": image.tried,
        "note": image.note,
    }


def _to_content_record(content: Content) -> dict[str, object]:
    return {"digest": content.digest, "names": list(content.names), "size_bytes": content.size}
