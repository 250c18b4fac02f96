"""What lies in the cache can be listed, hashed again and removed."""

from pathlib import Path

import pytest

from solstice.adapters.images.inventory import Inventory, Kept
from solstice.adapters.images.store import ImageStore
from solstice.domain.event import ImageProgress
from solstice.domain.image import DiskFormat, Image, Local


def ignore(progress: ImageProgress) -> None:
    """Progress nobody looks at."""


async def keep(root: Path, name: str, source: Path) -> str:
    image = Image(name, Local(str(source)), "linux", format=DiskFormat.RAW)
    return (await ImageStore(root).ready(image, ignore)).digest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"disk" * 5000)
    return path


async def test_what_is_kept_is_listed_with_its_names(tmp_path: Path, source: Path) -> None:
    digest = await keep(tmp_path / "cache", "one", source)
    (kept,) = Inventory(tmp_path / "cache").kept()
    assert kept == Kept(digest, ("one",), kept.size, tmp_path / "cache/content" / digest)
    assert kept.size >= 20_000


async def test_a_whole_content_verifies_and_a_touched_one_does_not(tmp_path: Path, source: Path) -> None:
    digest = await keep(tmp_path / "cache", "one", source)
    inventory = Inventory(tmp_path / "cache")
    assert await inventory.verify(digest) == ()
    disk = tmp_path / "cache/content" / digest / "disk.raw"
    disk.chmod(0o644)
    disk.write_bytes(b"other")
    assert "disk.raw has changed: sha256" in (await inventory.verify(digest))[0]
    disk.parent.chmod(0o755)
    disk.unlink()
    (disk.parent / "extra").write_text("")
    assert await inventory.verify(digest) == (
        "disk.raw: No such file or directory",
        "extra does not belong here",
    )
    (disk.parent / "manifest.json").unlink()
    assert await inventory.verify(digest) == ("manifest.json is missing or damaged",)


async def test_a_name_takes_everything_made_for_it_away(tmp_path: Path, source: Path) -> None:
    old = await keep(tmp_path / "cache", "one", source)
    source.write_bytes(b"new disk")
    new = await keep(tmp_path / "cache", "one", source)
    gone = await Inventory(tmp_path / "cache").remove("one")
    assert {kept.digest for kept in gone} == {old, new}
    assert Inventory(tmp_path / "cache").kept() == ()
    assert not list((tmp_path / "cache/work").glob("trash-*"))


async def test_a_content_that_another_image_shares_stays(tmp_path: Path, source: Path) -> None:
    twin = tmp_path / "twin.raw"
    twin.write_bytes(source.read_bytes())
    digest = await keep(tmp_path / "cache", "one", source)
    assert await keep(tmp_path / "cache", "two", twin) == digest
    inventory = Inventory(tmp_path / "cache")
    assert await inventory.remove("one") == ()
    assert [kept.names for kept in inventory.kept()] == [("two",)]
    assert [kept.digest for kept in await inventory.remove(digest[:12])] == [digest]


async def test_a_machine_keeps_the_disk_it_has_open(tmp_path: Path, source: Path) -> None:
    digest = await keep(tmp_path / "cache", "one", source)
    with (tmp_path / "cache/content" / digest / "disk.raw").open("rb") as disk:
        await Inventory(tmp_path / "cache").remove("one")
        assert disk.read() == source.read_bytes()


async def test_an_empty_cache_has_nothing_to_show_or_to_remove(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path / "cache")
    assert inventory.kept() == ()
    assert await inventory.remove("one") == ()


async def test_no_image_leads_to_a_damaged_content_and_the_same_bytes_come_anew(
    tmp_path: Path, source: Path
) -> None:
    digest = await keep(tmp_path / "cache", "one", source)
    inventory, store = Inventory(tmp_path / "cache"), ImageStore(tmp_path / "cache")
    disk = tmp_path / "cache/content" / digest / "disk.raw"
    disk.chmod(0o644)
    disk.write_bytes(b"damage")
    assert await inventory.verify(digest)
    assert store.find(Image("one", Local(str(source)), "linux", format=DiskFormat.RAW)) is None
    assert await keep(tmp_path / "cache", "one", source) == digest
    assert disk.read_bytes() == source.read_bytes()
    assert await inventory.verify(digest) == ()
    assert not list((tmp_path / "cache/work").glob("trash-*"))
