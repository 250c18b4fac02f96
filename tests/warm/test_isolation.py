"""What one clone keeps to itself, and what a template never held."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psutil
import pytest
from pycdlib import PyCdlib

from tests.journeys.running import Ended, wait_for
from tests.warm.nest import Nest, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]

CLONES = ("one", "two", "three")
SECRET = "a-secret-that-no-template-may-hold"
# The canary is made in the machine: neither workflow nor assignment holds it. It is kept in a file of the
# disk, in one of memory and in a process, until the machine is taken away.
KEEP = """
canary=$(printf 'canary %s' "$NAME" | sha256sum | cut -c 1-64)
echo $canary > kept; sync; echo $canary > /dev/shm/kept; echo ready; read -r never < /dev/zero || true
"""
_BLOCK = 1 << 20


def canary(name: str) -> bytes:
    return sha256(f"canary {name}".encode()).hexdigest().encode()


def holds(blocks: Iterator[bytes], word: bytes) -> bool:
    end = b""
    for block in blocks:
        if word in end + block:
            return True
        end = block[-len(word) :]
    return False


def file_blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def memory_blocks(folder: Path) -> Iterator[bytes]:
    """All of a guest's memory, read from the QEMU that works in this folder."""
    (qemu,) = [p for p in psutil.process_iter() if works_in(p, folder) and p.name().startswith("qemu")]
    with Path(f"/proc/{qemu.pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{qemu.pid}/maps").read_text().splitlines():
            if "/memfd:ram" in line:
                start, end = (int(word, 16) for word in line.split()[0].split("-"))
                for place in range(start, end, _BLOCK):
                    memory.seek(place)
                    yield memory.read(min(_BLOCK, end - place))


def works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return bool(Path(process.cwd()) == folder)
    except (psutil.Error, OSError):
        return False


def test_nothing_of_one_clone_is_in_another_or_in_the_template(nest: Nest) -> None:
    names = " ".join(f'"{name}"' for name in CLONES)
    nest.place.workflow(
        f'checkout #false\n job id="a" {{\n matrix {{ name {names} }}\n'
        f'env {{ NAME "${{{{ matrix.name }}}}" }}\n step run=#"""{KEEP}"""#\n }}'
    )
    nest.place.commit()
    with nest.place.start("--jobs", str(len(CLONES))) as running:
        ready = 0
        for event in running.events():
            ready += event["type"] == "log" and "ready" in event["text"]
            if ready == len(CLONES):
                break
        machines = nest.place.machines()
        assert len(machines) == len(CLONES)
        found = {
            name: (
                [holds(file_blocks(machine / "disk.qcow2"), canary(name)) for machine in machines],
                [holds(memory_blocks(machine), canary(name)) for machine in machines],
                [path.name for path in nest.files() if holds(file_blocks(path), canary(name))],
            )
            for name in CLONES
        }
        running.interrupt()
        running.finish()
    for disks, memories, template in found.values():
        # In one, so the search finds what is there; and in no other.
        assert disks.count(True) == memories.count(True) == 1
        assert template == []


@pytest.fixture(scope="module")
def first(nest: Nest) -> tuple[Nest, Ended]:
    """A run with a secret, of which the job proves that it had it."""
    secrets = nest.place.folder / "secrets"
    secrets.write_text(f"KEY={SECRET}\n")
    nest.place.workflow('checkout #false\n job id="a" { secrets "KEY"; step run="echo ${#KEY}" }')
    nest.place.commit()
    return nest, nest.run("--secret-file", str(secrets))


def test_no_secret_of_a_job_is_in_its_template(first: tuple[Nest, Ended]) -> None:
    nest, ended = first
    assert way_of(ended) == "restored"
    assert str(len(SECRET)).encode() in ended.log_of("a")
    assert [path.name for path in nest.files() if holds(file_blocks(path), SECRET.encode())] == []


def test_no_credential_is_in_a_template(nest: Nest) -> None:
    # What a session is opened with goes as `Bearer …`; only the rehearsal's word has ever been sent so.
    ram = nest.template / "ram"
    found = {word for block in file_blocks(ram) for word in re.findall(rb"Bearer ([A-Za-z0-9_-]{8,})", block)}
    assert found <= {b"rehearsal"}


def test_the_seed_of_a_template_has_no_token(nest: Nest) -> None:
    seed = PyCdlib()
    seed.open(str(nest.template / "seed.iso"))
    try:
        names = {child.file_identifier().decode() for child in seed.list_children(joliet_path="/") if child}
    finally:
        seed.close()
    text = {name.replace("\x00", "") for name in names}
    assert "agent.pyz" in text
    assert not any("token" in name.lower() for name in text)


def test_the_template_is_as_it_was_after_all_its_clones(nest: Nest) -> None:
    before = [(path.stat().st_mtime_ns, path.stat().st_ino) for path in nest.files()]
    assert way_of(nest.no_op()) == "restored"
    wait_for(lambda: not nest.place.machines())
    assert [(path.stat().st_mtime_ns, path.stat().st_ino) for path in nest.files()] == before
