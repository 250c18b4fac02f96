"""The shelf of templates: whole or not there, checked before use, never taken from under a clone."""

import asyncio
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from solstice.adapters.machines.template import (
    DISK,
    FACTS,
    FILES,
    KEPT,
    RAM,
    REFUSED_SECONDS,
    SEED,
    STATE,
    Template,
    TemplateShelf,
    count_templates,
    template_key,
)

WHAT = {"image": "abc", "agent": "def"}
KEY = template_key(WHAT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


@pytest.fixture
def shelf(root: Path) -> TemplateShelf:
    return TemplateShelf(root, None)


@pytest.fixture
def lent() -> Iterator[list[Template]]:
    """Templates whose descriptors are closed at the end."""
    templates: list[Template] = []
    yield templates
    for template in templates:
        let_go(template)


def let_go(template: Template) -> None:
    for descriptor in (template.ram, template.state, template.lease):
        os.close(descriptor)


def work(folder: Path, mark: bytes = b"") -> Path:
    """The files of a machine that was just saved."""
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(name.encode() * 1000 + mark)
    return folder


async def publish(shelf: TemplateShelf, tmp_path: Path, number: int = 0) -> str:
    facts = {**WHAT, "number": str(number)} if number else WHAT
    await shelf.publish(template_key(facts), facts, work(tmp_path / f"work-{number}"))
    return template_key(facts)


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.suffix != ".lock"}


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


async def test_what_was_published_is_loaded(
    shelf: TemplateShelf, tmp_path: Path, lent: list[Template]
) -> None:
    await publish(shelf, tmp_path)
    template = await shelf.load(KEY)
    assert template
    lent.append(template)
    assert os.pread(template.ram, 6, 0) == b"ramram"
    assert os.pread(template.state, 5, 0) == b"state"
    assert template.disk.read_bytes().startswith(DISK.encode())
    assert template.seed.read_bytes().startswith(SEED.encode())


async def test_there_is_none_where_none_was_made(shelf: TemplateShelf) -> None:
    assert await shelf.load(KEY) is None


@pytest.mark.parametrize("name", [RAM, STATE, DISK, SEED, FACTS])
@pytest.mark.parametrize("place", [0, 40, -1])
async def test_one_flipped_byte_anywhere_and_the_template_is_gone(
    shelf: TemplateShelf, root: Path, tmp_path: Path, name: str, place: int
) -> None:
    await publish(shelf, tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    flip(root / KEY / name, place)
    assert await shelf.load(KEY) is None
    assert names(root) == set()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_every_byte_of_the_record_counts(shelf: TemplateShelf, root: Path, tmp_path: Path) -> None:
    await publish(shelf, tmp_path)
    record = (root / KEY / FACTS).read_bytes()
    for place in range(len(record)):
        (root / KEY).mkdir(exist_ok=True)
        (root / KEY / FACTS).unlink(missing_ok=True)
        (root / KEY / FACTS).write_bytes(record[:place] + bytes([record[place] ^ 1]) + record[place + 1 :])
        assert await shelf.load(KEY) is None, record[max(0, place - 10) : place + 10]


@pytest.mark.parametrize("name", [RAM, STATE, DISK, SEED])
async def test_a_missing_file_and_the_template_is_gone(
    shelf: TemplateShelf, root: Path, tmp_path: Path, name: str
) -> None:
    await publish(shelf, tmp_path)
    (root / KEY / name).unlink()
    assert await shelf.load(KEY) is None
    assert names(root) == set()


async def test_a_template_under_another_ones_name_is_refused(
    shelf: TemplateShelf, root: Path, tmp_path: Path
) -> None:
    key = await publish(shelf, tmp_path, number=1)
    (root / key).rename(root / KEY)
    assert await shelf.load(KEY) is None


async def test_a_template_can_be_made_again_after_it_was_damaged(
    shelf: TemplateShelf, root: Path, tmp_path: Path, lent: list[Template]
) -> None:
    await publish(shelf, tmp_path)
    flip(root / KEY / RAM, 3)
    assert await shelf.load(KEY) is None
    await shelf.publish(KEY, WHAT, work(tmp_path / "again"))
    template = await shelf.load(KEY)
    assert template
    lent.append(template)


async def test_a_quarantined_template_is_not_used_and_its_reason_is_kept(
    shelf: TemplateShelf, root: Path, tmp_path: Path
) -> None:
    await publish(shelf, tmp_path)
    await shelf.quarantine(KEY, "it did not answer")
    assert await shelf.load(KEY) is None
    assert shelf.refused(KEY) == "it did not answer"
    assert names(root) == {f"{KEY}.bad"}
    assert not (root / f"{KEY}.bad" / RAM).exists()


async def test_a_reason_counts_for_an_hour(shelf: TemplateShelf, root: Path) -> None:
    await shelf.quarantine(KEY, "the host was too busy")
    reason = root / f"{KEY}.bad" / "reason"
    past = time.time() - REFUSED_SECONDS - 1
    os.utime(reason, (past, past))
    assert shelf.refused(KEY) == ""


async def test_what_killed_processes_left_goes_with_the_next_template(
    shelf: TemplateShelf, root: Path, tmp_path: Path
) -> None:
    for name in (f"{KEY}.part", "a" * 32 + ".part", "b" * 32 + ".gone"):
        work(root / name)
    await shelf.quarantine("c" * 32, "old")
    past = time.time() - REFUSED_SECONDS - 1
    os.utime(root / ("c" * 32 + ".bad") / "reason", (past, past))
    await shelf.quarantine("d" * 32, "new")
    await publish(shelf, tmp_path)
    assert names(root) == {KEY, "d" * 32 + ".bad"}


async def test_what_another_process_is_making_is_left_alone(
    shelf: TemplateShelf, root: Path, tmp_path: Path
) -> None:
    async with TemplateShelf(root, None).making("a" * 32):
        work(root / ("a" * 32 + ".part"))
        await publish(shelf, tmp_path)
    assert names(root) == {KEY, "a" * 32 + ".part"}


async def test_one_maker_at_a_time_has_the_right_to_a_key(shelf: TemplateShelf, root: Path) -> None:
    inside: list[str] = []

    async def make(name: str) -> None:
        async with TemplateShelf(root, None).making(KEY):
            inside.append(name)
            await asyncio.sleep(0)
            inside.append(name)

    await asyncio.gather(*(make(name) for name in "abc"))
    assert inside[0::2] == inside[1::2]
    assert sorted(inside[0::2]) == ["a", "b", "c"]


async def test_the_least_recently_used_templates_go_first(
    shelf: TemplateShelf, root: Path, tmp_path: Path
) -> None:
    keys = [await publish(shelf, tmp_path, number) for number in range(KEPT)]
    for age, key in enumerate(keys):
        os.utime(root / key, (time.time() - 100 + age,) * 2)
    newest = await publish(shelf, tmp_path, number=KEPT)
    assert names(root) == {*keys[1:], newest}


async def test_a_template_that_clones_may_need_is_never_pruned(
    shelf: TemplateShelf, root: Path, tmp_path: Path
) -> None:
    oldest = await publish(shelf, tmp_path)
    held = await shelf.load(oldest)
    assert held
    os.utime(root / oldest, (1, 1))
    others = [await publish(shelf, tmp_path, number) for number in range(1, KEPT + 2)]
    assert oldest in names(root)
    let_go(held)
    os.utime(root / oldest, (1, 1))
    last = await publish(shelf, tmp_path, number=KEPT + 2)
    assert oldest not in names(root)
    assert {last, others[-1]} <= names(root)


async def test_only_its_owner_can_read_a_template(shelf: TemplateShelf, root: Path, tmp_path: Path) -> None:
    await publish(shelf, tmp_path)
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o700
    assert {stat.S_IMODE((root / KEY / name).stat().st_mode) for name in (*FILES, FACTS)} == {0o400}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to a group it is not in")
async def test_where_machines_have_users_of_their_own_their_group_may_read_but_not_write(
    root: Path, tmp_path: Path
) -> None:
    await publish(TemplateShelf(root, 61_199), tmp_path)
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o750
    for name in (*FILES, FACTS):
        facts = (root / KEY / name).stat()
        assert (stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid) == (0o440, 0, 61_199)


async def test_templates_are_counted_by_their_image(shelf: TemplateShelf, root: Path, tmp_path: Path) -> None:
    for number in range(3):
        await publish(shelf, tmp_path, number)
    await shelf.quarantine(KEY, "it did not answer")
    (root / ("e" * 32)).mkdir()
    (root / ("e" * 32) / FACTS).write_text("no record")
    assert count_templates(root) == {"abc": 2}
    assert count_templates(root / "nowhere") == {}


def test_a_key_depends_on_every_fact_and_not_on_their_order() -> None:
    assert template_key({"a": "1", "b": "2"}) == template_key({"b": "2", "a": "1"})
    assert template_key({"a": "1", "b": "2"}) != template_key({"a": "12", "b": ""})
