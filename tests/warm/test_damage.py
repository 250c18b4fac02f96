"""Templates that were damaged, forged or half made: none is used, and no job fails for it."""

import json
import os
from pathlib import Path

import pytest

from solstice.adapters.machines.memory_file import digest_file
from solstice.adapters.machines.template import DISK, FACTS, RAM, SEED, STATE
from tests.warm.nest import Nest, is_whole, read_record, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]


def flip_a_byte(path: Path) -> None:
    """Change one bit somewhere inside, where there is data."""
    with path.open("r+b") as file:
        place = os.lseek(file.fileno(), path.stat().st_size // 3, os.SEEK_DATA)
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("name", [RAM, STATE, DISK, SEED, FACTS])
async def test_one_flipped_byte_and_a_template_is_refused(own: Nest, name: str) -> None:
    damaged = own.template
    flip_a_byte(damaged / name)
    assert not await is_whole(damaged)
    assert own.whole_templates() == []


@pytest.mark.parametrize("name", [RAM, FACTS])
async def test_a_template_that_is_refused_is_made_again_and_the_job_succeeds(own: Nest, name: str) -> None:
    damaged = own.template
    before = (damaged / FACTS).stat().st_ino
    flip_a_byte(damaged / name)
    assert way_of(own.no_op()) == "restored"
    assert own.template == damaged
    assert (damaged / FACTS).stat().st_ino != before
    assert await is_whole(damaged)
    assert own.other_entries() == []


def test_a_forged_template_is_put_out_of_use_and_the_job_boots_cold(own: Nest) -> None:
    forged = own.template
    (forged / STATE).chmod(0o600)
    (forged / STATE).write_bytes(os.urandom(100_000))
    record = read_record(forged)
    record["digests"][STATE] = digest_file(forged / STATE)
    (forged / FACTS).write_text(json.dumps(record, indent=1))
    ended = own.no_op()
    assert way_of(ended) == "cold"
    assert any("warm start failed" in notice["text"] for notice in ended.of("notice"))
    reason = own.templates / f"{forged.name}.bad" / "reason"
    assert reason.read_text()
    assert own.whole_templates() == []


def test_a_reason_that_is_fresh_keeps_machines_cold_and_nothing_is_made(own: Nest) -> None:
    refused = own.template
    bad = refused.with_name(f"{refused.name}.bad")
    refused.rename(bad)
    (bad / "reason").write_text("it did not answer")
    assert way_of(own.no_op()) == "cold"
    assert own.whole_templates() == []
