"""What the commands of `solstice images` share: map, store and inventory, and how errors are said."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from solstice.adapters.images.inventory import Inventory, Kept
from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.store import ImageStore
from solstice.cli.images import Content, watch_progress
from solstice.cli.terminal import show
from solstice.domain.errors import OperatorMistake, Transient
from solstice.domain.image import Image
from solstice.main.settings import Settings
from solstice.main.shipped import shipped_image_map

_TROUBLE, _PASSING = 2, 3


class Desk:
    """The map, the store and the inventory of one command."""

    def __init__(self, settings: Settings) -> None:
        root = settings.cache_dir / "images"
        self._templates = settings.cache_dir / "templates"
        self.image_map = load_image_map(shipped_image_map(), settings.images)
        self.store = ImageStore(root)
        self.inventory = Inventory(root)

    def resolve(self, labels: tuple[str, ...]) -> list[Image]:
        """The images of these labels; of the default label if there are none."""
        return [self.image_map.resolve(label) for label in labels or ("",)]

    def find_digest(self, image: Image) -> str:
        """The digest of what is here of it; "" if nothing is, or its source cannot even be looked at."""
        try:
            found = self.store.find(image)
        except OperatorMistake:
            return ""
        return found.digest if found else ""

    def count_templates(self) -> Mapping[str, int]:
        """How many templates there are, by the digest of their image."""
        from solstice.adapters.machines.template import count_templates

        return count_templates(self._templates)

    def unused_digests(self) -> list[str]:
        """Of what lies here, what no image of the map is."""
        used = {self.find_digest(image) for image in self.image_map.images.values()}
        return [kept.digest for kept in self.inventory.kept() if kept.digest not in used]

    def follow_alias(self, name: str) -> str:
        """The image a label leads to; any other word as it is."""
        return self.image_map.resolve(name).name if name in self.image_map.labels else name

    def select(self, names: tuple[str, ...]) -> list[Kept]:
        """The contents that are meant; a name may be an alias. Refuses one that means nothing here."""
        kept = self.inventory.kept()
        if not names:
            return list(kept)
        chosen: list[Kept] = []
        for name in names:
            image = self.follow_alias(name)
            meant = [one for one in kept if image in one.names or one.answers_to(name)]
            if not meant:
                raise OperatorMistake(f"nothing of {name!r} is here", "See `solstice images ls`.")
            chosen += [one for one in meant if one not in chosen]
        return chosen

    def make_ready(self, image: Image, as_json: bool, fresh: bool) -> None:
        """Bring one image here under the eyes of whoever watches standard error."""
        with watch_progress(sys.stderr, sys.stderr.isatty() and not as_json) as tell:
            ready = asyncio.run(self.store.ready(image, tell, fresh))
        if as_json:
            click.echo(json.dumps({"name": image.name, "digest": ready.digest, "disk": str(ready.disk)}))
        else:
            click.echo(f"{image.name} is ready: {ready.digest[:12]}")


@contextmanager
def said_plainly() -> Iterator[None]:
    """Errors as a message and its remedy: exit 2 where a person has to act, 3 where waiting may help."""
    try:
        yield
    except OperatorMistake as mistake:
        lines = "\n".join(show(line) for line in str(mistake).splitlines())
        click.echo(f"error: {lines}\n  = hint: {show(mistake.remedy)}", err=True)
        click.get_current_context().exit(_TROUBLE)
    except Transient as trouble:
        click.echo(f"error: {show(str(trouble))}\n  = hint: Try again later.", err=True)
        click.get_current_context().exit(_PASSING)


def to_content(kept: Kept) -> Content:
    """What is shown of something kept."""
    return Content(kept.digest, kept.names, kept.size)
