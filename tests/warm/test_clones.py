"""Fifty clones of one template: nothing that must be unique is shared, and the clock is right."""

import json
import time
from typing import Any

import pytest

from tests.journeys.running import Event
from tests.warm.nest import Nest, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]

CLONES = 50
AT_ONCE = 6
REPORT = r"""
import json, os, random, ssl, sys, time, uuid
from pathlib import Path

def hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()

said = hello()
print(json.dumps({
    "getrandom": os.getrandom(16).hex(),
    "urandom": Path("/dev/urandom").open("rb").read(16).hex(),
    "kernel uuid": Path("/proc/sys/kernel/random/uuid").read_text().strip(),
    "boot id": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    "uuid4": str(uuid.uuid4()),
    "random": random.random(),
    "hash seed": hash("a"),
    "machine id": Path("/etc/machine-id").read_text().strip(),
    "hostname": os.uname().nodename,
    "hostname file": Path("/etc/hostname").read_text().strip(),
    "tls random": said[11:43].hex(),
    "tls session": said[44:76].hex(),
}))
"""
CLOCK = "for i in 1 2 3 4; do date +%s.%N; sleep 0.2; done"


@pytest.fixture(scope="module")
def reports(nest: Nest) -> list[dict[str, Any]]:
    """What each of the clones says of itself."""
    numbers = " ".join(f'"{number}"' for number in range(CLONES))
    step = f'step shell="python3" run=#"""{REPORT}"""#'
    nest.place.workflow(f'checkout #false\n job id="a" {{\n matrix {{ n {numbers} }}\n {step}\n }}')
    nest.place.commit()
    ended = nest.run("--jobs", str(AT_ONCE))
    found = []
    for row in ended.of("pipeline-ended")[0]["jobs"]:
        assert way_of(ended, row["job"]) == "restored"
        found.append(json.loads(ended.log_of(row["job"]).splitlines()[-1]))
    return found


@pytest.mark.parametrize(
    "what",
    [
        "getrandom",
        "urandom",
        "kernel uuid",
        "boot id",
        "uuid4",
        "random",
        "hash seed",
        "machine id",
        "hostname",
        "hostname file",
        "tls random",
        "tls session",
    ],
)
def test_no_two_clones_have_the_same(reports: list[dict[str, Any]], what: str) -> None:
    assert len({report[what] for report in reports}) == CLONES


def test_a_clone_is_called_as_its_files_say(reports: list[dict[str, Any]]) -> None:
    assert all(report["hostname"] == report["hostname file"] for report in reports)


def test_the_clock_of_a_clone_is_that_of_the_host(nest: Nest) -> None:
    nest.place.workflow(f'checkout #false\n job id="a" {{ step run="{CLOCK}" }}')
    nest.place.commit()
    with nest.place.start() as running:
        ahead = [time.time() - at for event in running.events() for at in times_in(event)]
        running.finish()
    # How late we hear of a reading hides how slow the clock is, so the quickest of them counts: a chunk
    # of log leaves the guest after 50 ms at most.
    assert len(ahead) == 4
    assert -0.1 <= min(ahead) <= 0.1 + 0.1


def times_in(event: Event) -> list[float]:
    """The readings of a clock in a piece of log."""
    text = event.get("text", "") if event["type"] == "log" else ""
    return [float(line) for line in text.split() if line.replace(".", "").isdigit()]
