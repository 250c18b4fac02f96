"""`solstice images`: the map's images listed, fetched, built, checked, removed and added."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from solstice.domain.errors import OperatorMistake
from solstice.main.context import Context, pass_context, setting_options
from solstice.main.image_desk import Desk, said_plainly, to_content
from solstice.main.warm_images import warm_command

if TYPE_CHECKING:
    from solstice.main.settings import Settings

as_json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
_PACKINGS = {".zst": "zstd", ".zstd": "zstd", ".xz": "xz", ".gz": "gz"}
_RAW_ENDINGS = (".raw", ".img")


@click.group("images")
def images_command() -> None:
    """What machines boot from: list, fetch, build, check, warm and remove images."""


images_command.add_command(warm_command)


@images_command.command("ls")
@setting_options("cache_dir", "images")
@as_json_option
@pass_context
def list_command(
    context: Context, cache_dir: str | None, images: str | None, config: str | None, as_json: bool
) -> None:
    """List the images of the map, and what lies in the cache.

    An asterisk marks the image of jobs that name none; WARM counts the templates its machines can be restored
    from; TRIED says whether we have booted it ourselves.
    """
    from solstice.cli.images import Row, show_list

    with said_plainly():
        desk = Desk(context.settings({"cache_dir": cache_dir, "images": images}, config))
        kept = {one.digest: one for one in desk.inventory.kept()}
        here = {name: desk.find_digest(image) for name, image in desk.image_map.images.items()}
        warm = desk.count_templates()
        rows = [
            Row(image, to_content(kept[here[name]]) if here[name] in kept else None, warm.get(here[name], 0))
            for name, image in desk.image_map.images.items()
        ]
        unused = [to_content(one) for digest, one in kept.items() if digest not in here.values()]
        click.echo(show_list(desk.image_map, rows, unused, as_json))


@images_command.command("pull")
@click.argument("labels", nargs=-1, metavar="[LABEL]...")
@click.option("--relock", is_flag=True, help="Accept what the publisher's checksum file says today.")
@setting_options("cache_dir", "images")
@as_json_option
@pass_context
def pull_command(
    context: Context,
    labels: tuple[str, ...],
    relock: bool,
    cache_dir: str | None,
    images: str | None,
    config: str | None,
    as_json: bool,
) -> None:
    """Bring images here: fetched and checked, or built where the map says so.

    Without LABEL, the image of jobs that name none. What is here already is left alone.
    """
    with said_plainly():
        desk = Desk(context.settings({"cache_dir": cache_dir, "images": images}, config))
        for image in desk.resolve(labels):
            if relock:
                desk.store.unlock(image)
            desk.make_ready(image, as_json, fresh=False)


@images_command.command("build")
@click.argument("labels", nargs=-1, metavar="[LABEL]...")
@setting_options("cache_dir", "images")
@as_json_option
@pass_context
def build_command(
    context: Context,
    labels: tuple[str, ...],
    cache_dir: str | None,
    images: str | None,
    config: str | None,
    as_json: bool,
) -> None:
    """Build images from their recipes, even if they are here already: their packages may be newer by now.

    The one that is here stays in use until the new one is whole.
    """
    from solstice.domain.image import Recipe

    with said_plainly():
        desk = Desk(context.settings({"cache_dir": cache_dir, "images": images}, config))
        wanted = desk.resolve(labels)
        for image in wanted:
            if not isinstance(image.source, Recipe):
                raise OperatorMistake(
                    f"the image {image.name} is fetched, not built",
                    f"Use `solstice images pull {image.name}`.",
                )
        for image in wanted:
            desk.make_ready(image, as_json, fresh=True)


@images_command.command("rm")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--unused", is_flag=True, help="Everything the map no longer leads to.")
@setting_options("cache_dir", "images")
@as_json_option
@pass_context
def remove_command(
    context: Context,
    names: tuple[str, ...],
    unused: bool,
    cache_dir: str | None,
    images: str | None,
    config: str | None,
    as_json: bool,
) -> None:
    """Remove images from the cache, by name or by the beginning of a digest (8 digits at least).

    The map keeps them: they come again when they are needed. Running machines keep their disks.
    """
    from solstice.cli.images import show_removed

    if not names and not unused:
        raise click.UsageError("name an image or a digest, or give --unused")
    with said_plainly():
        desk = Desk(context.settings({"cache_dir": cache_dir, "images": images}, config))
        desk.select(names)
        wanted = [*map(desk.follow_alias, names), *(desk.unused_digests() if unused else ())]
        removed = [kept for name in wanted for kept in asyncio.run(desk.inventory.remove(name))]
        click.echo(show_removed([to_content(kept) for kept in removed], as_json))


@images_command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@setting_options("cache_dir", "images")
@as_json_option
@pass_context
def verify_command(
    context: Context,
    names: tuple[str, ...],
    cache_dir: str | None,
    images: str | None,
    config: str | None,
    as_json: bool,
) -> None:
    """Hash what lies in the cache again (all of it, or what NAME or a digest means).

    What is damaged is not used any more: the image comes anew when it is needed. Exits with 1 if anything is.
    """
    from solstice.cli.images import show_verified

    with said_plainly():
        desk = Desk(context.settings({"cache_dir": cache_dir, "images": images}, config))
        meant = desk.select(names)
        checked = [(to_content(kept), asyncio.run(desk.inventory.verify(kept.digest))) for kept in meant]
        click.echo(show_verified(checked, as_json))
    if any(complaints for _, complaints in checked):
        click.get_current_context().exit(1)


@images_command.command("add")
@click.option("--url", required=True, help="Where the disk is: a URL, or a path of this computer.")
@click.option("--sha256", default="", help="Its digest in hex.")
@click.option("--sha512", default="", help="Its digest in hex.")
@click.option("--digest-url", default="", help="The publisher's checksum file, remembered once it was read.")
@click.option("--unverified", is_flag=True, help="Take whatever the server sends.")
@click.option("--name", default="", help="The label; the file's name without its endings if not given.")
@click.option("--format", "format_", type=click.Choice(["qcow2", "raw"]), help="What the disk is, unpacked.")
@click.option("--decompress", type=click.Choice(["none", "zstd", "xz", "gz"]), help="How it is packed.")
@click.option("--os", "os_name", default="", help="Its operating system.")
@click.option("--user", default="", help="Whom steps run as; root if not given.")
@click.option("--memory", default="", help='Its memory unless a job says, such as "2GiB".')
@click.option("--replace", is_flag=True, help="Replace an entry of that name.")
@setting_options("images")
@pass_context
def add_command(
    context: Context,
    url: str,
    sha256: str,
    sha512: str,
    digest_url: str,
    unverified: bool,
    name: str,
    format_: str | None,
    decompress: str | None,
    os_name: str,
    user: str,
    memory: str,
    replace: bool,
    images: str | None,
    config: str | None,
) -> None:
    """Write an image into your own map, and check that the map is right.

    Format and packing are taken from the URL's endings when they are not given. Nothing is fetched yet.
    """
    with said_plainly():
        settings = context.settings({"images": images}, config)
        stem, guessed_format, guessed_packing = guess_from_name(url)
        words = {
            "source": url if "://" in url else str(Path(url).absolute()),
            "sha256": sha256,
            "sha512": sha512,
            "digest_url": digest_url,
            "format": format_ or guessed_format,
            "decompress": decompress or guessed_packing,
            "os": os_name,
            "user": user,
            "memory": memory,
        }
        entry: dict[str, object] = {key: word for key, word in words.items() if word and word != "none"}
        if unverified:
            entry["unverified"] = True
        _add(context, settings, name or stem, entry, replace)


def guess_from_name(url: str) -> tuple[str, str, str]:
    """A name, a format and a packing from the file's name."""
    path = Path(unquote(urlsplit(url).path) if "://" in url else url)
    packing = _PACKINGS.get(path.suffix.lower(), "none")
    if packing != "none":
        path = path.with_suffix("")
    disk_format = "raw" if path.suffix.lower() in _RAW_ENDINGS[:1] else "qcow2"
    return path.stem, disk_format, packing


def _add(context: Context, settings: "Settings", name: str, entry: dict[str, object], replace: bool) -> None:
    from solstice.adapters.images.map_edit import add_image
    from solstice.main.settings import own_images
    from solstice.main.shipped import shipped_image_map

    own = settings.images or own_images(context.environment)
    image = add_image(own, shipped_image_map(), name, entry, replace)
    click.echo(f"added {image.name} to {own}; try it: solstice images pull {image.name}")
