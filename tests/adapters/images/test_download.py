"""Downloads: whatever the server does, the file is whole or there is an error that says why."""

import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from solstice.adapters.images.download import DownloadRules, download, show_url
from solstice.domain.errors import MachineFault, OperatorMistake, Transient
from tests.adapters.images.publisher import (
    Publisher,
    Served,
    break_off,
    ignore_range,
    open_publisher,
    say,
    send_another_part,
    stall,
)

DATA = random.Random(1).randbytes(3_000_000)
QUICK = DownloadRules(stall=timedelta(milliseconds=300), attempts=3, first_wait=timedelta(milliseconds=1))


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with open_publisher() as publisher:
        publisher.files["/disk"] = Served(DATA)
        yield publisher


async def bring(publisher: Publisher, part: Path, rules: DownloadRules = QUICK) -> list[tuple[int, int]]:
    said: list[tuple[int, int]] = []
    digest = await download(
        publisher.url + "/disk", part, "sha256", rules, lambda done, total: said.append((done, total))
    )
    assert digest == hashlib.sha256(part.read_bytes()).hexdigest()
    return said


async def test_a_file_comes_with_its_digest_and_its_progress(publisher: Publisher, tmp_path: Path) -> None:
    said = await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert said[0] == (0, len(DATA))
    assert said[-1] == (len(DATA), len(DATA))
    assert said == sorted(said)


async def test_a_broken_download_goes_on_where_it_broke(publisher: Publisher, tmp_path: Path) -> None:
    publisher.quirks = [break_off(2_000_000)]
    await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert [request.start for request in publisher.requests] == [0, 2_000_000]
    assert publisher.requests[1].headers["if-range"] == '"one"'


async def test_a_later_run_goes_on_where_an_earlier_one_gave_up(publisher: Publisher, tmp_path: Path) -> None:
    publisher.quirks = [break_off(1_000_000), *[say("503 Busy")] * 2]
    with pytest.raises(Transient, match="after 3 attempts: the server answers 503"):
        await bring(publisher, tmp_path / "part")
    await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert publisher.requests[-1].start == 1_000_000


async def test_a_server_that_stalls_is_asked_again(publisher: Publisher, tmp_path: Path) -> None:
    publisher.quirks = [stall(1_500_000)]
    await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert publisher.requests[1].start == 1_500_000


async def test_a_file_that_changed_in_between_is_taken_from_the_beginning(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.quirks = [break_off(1_000_000), *[say("502 Bad Gateway")] * 2]
    with pytest.raises(Transient):
        await bring(publisher, tmp_path / "part")
    publisher.files["/disk"] = Served(DATA[::-1], '"two"')
    await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA[::-1]


@pytest.mark.parametrize("refusal", [ignore_range, send_another_part, say("416 Range Not Satisfiable")])
async def test_a_server_without_ranges_still_gives_the_whole_file(
    publisher: Publisher, tmp_path: Path, refusal: object
) -> None:
    publisher.quirks = [break_off(1_000_000), refusal]  # type: ignore[list-item]
    await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


async def test_without_a_strong_validator_nothing_is_resumed(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["/disk"] = Served(DATA, 'W/"weak"')
    publisher.quirks = [break_off(1_000_000)]
    await bring(publisher, tmp_path / "part")
    assert [request.start for request in publisher.requests] == [0, 0]


async def test_a_file_above_the_cap_is_refused_before_it_is_fetched(
    publisher: Publisher, tmp_path: Path
) -> None:
    with pytest.raises(MachineFault, match="larger than 1000 bytes"):
        await bring(publisher, tmp_path / "part", replace(QUICK, most_bytes=1000))
    assert not (tmp_path / "part").exists()
    assert len(publisher.requests) == 1


async def test_a_missing_file_is_not_asked_for_again(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files.clear()
    with pytest.raises(OperatorMistake, match="/disk: the server answers 404 Not Found"):
        await bring(publisher, tmp_path / "part")
    assert len(publisher.requests) == 1


async def test_redirects_are_followed(publisher: Publisher, tmp_path: Path) -> None:
    publisher.quirks = [say("302 Found", Location="/disk")]
    await bring(publisher, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/disk", ""])
async def test_redirects_lead_to_http_only(publisher: Publisher, tmp_path: Path, target: str) -> None:
    publisher.quirks = [say("302 Found", Location=target)]
    with pytest.raises(OperatorMistake, match="redirects to"):
        await bring(publisher, tmp_path / "part")


async def test_redirects_end(publisher: Publisher, tmp_path: Path) -> None:
    publisher.quirks = [say("302 Found", Location="/disk")] * 20
    with pytest.raises(OperatorMistake, match="redirects without end"):
        await bring(publisher, tmp_path / "part")


async def test_a_server_that_is_not_there_is_a_passing_trouble(tmp_path: Path) -> None:
    async with open_publisher() as publisher:
        publisher.files["/disk"] = Served(DATA)
    with pytest.raises(Transient, match="gave up on http://"):
        await bring(publisher, tmp_path / "part")


def test_messages_show_no_password() -> None:
    assert show_url("https://me:secret@example.org/a?key=secret#x") == "https://example.org/a"
