"""The figures of log streams: a guest's or a sandbox's standard output, to stored bytes."""

import asyncio
import hashlib
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.bare import BareMachine, boot_bare
from benchmarks.figure import CannotRun, Figure, Pair
from benchmarks.guest import make_initrd
from benchmarks.lab import Lab
from benchmarks.rig import Rig, make_job
from solstice.domain.event import Event, LogAppended

SIZE, QUICK_SIZE = 256_000_000, 32_000_000
MAKE_BLOCK = """
import hashlib
lines = [f"test_{n:05} {hashlib.sha256(str(n).encode()).hexdigest()} PASSED\\n" for n in range(1000)]
block = "".join(lines).encode()
"""
"""85 KB of log text; longer than the window of gzip, so that its repeats are not seen."""
PRINT = """python3 - <<'END'
%s
import os
view = memoryview(block * (%d // len(block)))
while view:
    view = view[os.write(1, view[:1 << 16]):]
END"""
SEND = """
%s
import glob, os
port = os.open(glob.glob("/dev/vport*")[0], os.O_RDWR)
print("script-ready", flush=True)
while os.read(port, 1):
    for _ in range(%d // len(block)):
        view = memoryview(block)
        while view:
            view = view[os.write(port, view):]
"""


@asynccontextmanager
async def open_stream(lab: Lab) -> AsyncIterator[Pair]:
    """A step's output against a script that writes the same to the same port of a bare guest."""
    size, rig = _size(lab), await lab.rig()
    sighting = await (await lab.rig(warm=False)).sight("cold")
    folder = lab.make_folder("guest")
    initrd = make_initrd(sighting, folder / "initrd", "python3 /run/script.py", SEND % (MAKE_BLOCK, size))
    machine = await asyncio.to_thread(boot_bare, sighting, folder, initrd)
    try:
        await asyncio.to_thread(machine.read_console, b"script-ready")

        async def floor() -> float:
            return await asyncio.to_thread(_receive, machine, size // len(_block()) * len(_block()))

        async def subject() -> float:
            return await _stream(rig, size)

        yield Pair(subject, floor)
    finally:
        await asyncio.to_thread(machine.stop)


@asynccontextmanager
async def open_sandbox_stream(lab: Lab) -> AsyncIterator[Pair]:
    """A sandboxed step's output against `gzip -1` of the same bytes."""
    size, rig = _size(lab), await lab.rig("sandbox", warm=False)
    text = lab.make_folder("gzip") / "text"
    text.write_bytes(_block() * (size // len(_block())))

    async def floor() -> float:
        return await asyncio.to_thread(_compress, text)

    async def subject() -> float:
        return await _stream(rig, size)

    yield Pair(subject, floor)


async def _stream(rig: Rig, size: int) -> float:
    seen: list[tuple[float, int]] = []

    def note(event: Event) -> None:
        if isinstance(event, LogAppended) and event.step >= 0:
            seen.append((time.perf_counter(), len(event.data)))

    rig.listeners.append(note)
    try:
        await rig.run(make_job(PRINT % (MAKE_BLOCK, size)))
    finally:
        rig.listeners.remove(note)
    # From the first chunk on: how long the step takes to begin is another figure.
    return sum(length for _, length in seen[1:]) / (seen[-1][0] - seen[0][0]) / 1e6


def _receive(machine: BareMachine, size: int) -> float:
    port = machine.agent
    if port is None:
        raise CannotRun("the bare guest has no port")
    port.sendall(b"!")
    got, began = len(port.recv(1 << 18)), time.perf_counter()
    first = got
    while got < size:
        data = port.recv(1 << 18)
        if not data:
            raise OSError("the bare guest ended in the middle of its stream")
        got += len(data)
    return (got - first) / (time.perf_counter() - began) / 1e6


def _compress(text: Path) -> float:
    began = time.perf_counter()
    with text.open("rb") as file:
        subprocess.run(("gzip", "-1"), stdin=file, stdout=subprocess.DEVNULL, check=True)
    return text.stat().st_size / (time.perf_counter() - began) / 1e6


def _size(lab: Lab) -> int:
    return QUICK_SIZE if lab.quick else SIZE


def _block() -> bytes:
    lines = (f"test_{n:05} {hashlib.sha256(str(n).encode()).hexdigest()} PASSED\n" for n in range(1000))
    return "".join(lines).encode()


FIGURES = (
    Figure(
        name="log-stream",
        unit="MB/s",
        subject="a step's standard output → stored bytes",
        floor="a script writes the same to the same port of a bare guest",
        goal=0.5,
        rounds=2,
        quick_rounds=2,
        open=open_stream,
        more_is_better=True,
        warm_up=False,
    ),
    Figure(
        name="log-stream-sandbox",
        unit="MB/s",
        subject="a sandboxed step's standard output → stored bytes",
        floor="gzip -1 of the same bytes",
        goal=0.5,
        rounds=3,
        quick_rounds=3,
        open=open_sandbox_stream,
        more_is_better=True,
    ),
)
