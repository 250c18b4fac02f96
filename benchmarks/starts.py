"""The figures of starting machines: warm, cold, several at once, and a whole job that does nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from benchmarks.bare import BareMachine, boot_bare, restore_bare
from benchmarks.figure import Figure, Pair
from benchmarks.guest import make_initrd
from benchmarks.lab import Lab
from benchmarks.rig import Outcome, Rig, make_job
from solstice import __version__

HELLO = "echo hello"


@asynccontextmanager
async def open_restores(lab: Lab, count: int) -> AsyncIterator[Pair]:
    """So many jobs of one pipeline against so many bare restores, each until its own first word."""
    rig = await lab.rig()
    sighting = await rig.sight("restored")

    async def restore() -> float:
        started = time.perf_counter()
        folders = [lab.make_folder("bare") for _ in range(count)]
        restoring = [asyncio.to_thread(restore_bare, sighting, folder) for folder in folders]
        machines = await asyncio.gather(*restoring)
        taken = time.perf_counter() - started
        await _stop(machines)
        return taken

    async def start() -> float:
        return (await rig.run(*(make_job(HELLO) for _ in range(count)), way="restored")).first_byte

    yield Pair(start, restore)


@asynccontextmanager
async def open_cold(lab: Lab) -> AsyncIterator[Pair]:
    """A cold machine's first byte against the image's kernel and the agent's imports, nothing in between."""
    rig = await lab.rig(warm=False)
    sighting = await rig.sight("cold")
    command = "python3 -I /run/agent.pyz --version"
    initrd = make_initrd(sighting, lab.make_folder("initrd") / "initrd", command)

    async def boot() -> float:
        machine = await asyncio.to_thread(boot_bare, sighting, lab.make_folder("bare"), initrd)
        try:
            await asyncio.to_thread(machine.read_console, __version__.encode())
            return time.perf_counter() - machine.started
        finally:
            await _stop([machine])

    async def start() -> float:
        return (await rig.run(make_job(HELLO), way="cold")).first_byte

    yield Pair(start, boot)


@asynccontextmanager
async def open_noop(lab: Lab) -> AsyncIterator[Pair]:
    """A whole job against the start of another."""
    rig = await lab.rig()

    async def first_byte() -> float:
        return (await _run_noop(rig)).first_byte

    async def whole() -> float:
        return (await _run_noop(rig)).gone

    yield Pair(whole, first_byte)


async def _run_noop(rig: Rig) -> Outcome:
    return await rig.run(make_job(HELLO), way="restored")


async def _stop(machines: list[BareMachine]) -> None:
    await asyncio.gather(*(asyncio.to_thread(machine.stop) for machine in machines))


FIGURES = (
    Figure(
        name="warm-start",
        unit="s",
        subject="claim → first byte of the first step, on a restored machine",
        floor="a script restores the same snapshot, up to the agent's first answer",
        goal=1.5,
        rounds=11,
        quick_rounds=5,
        open=partial(open_restores, count=1),
    ),
    Figure(
        name="cold-start",
        unit="s",
        subject="claim → first byte of the first step, on a booted machine",
        floor="qemu -kernel, a shortest init, the agent's imports",
        goal=1.3,
        rounds=4,
        quick_rounds=2,
        open=open_cold,
    ),
    Figure(
        name="noop-job",
        unit="s",
        subject="claim → machine gone, of a job that does nothing",
        floor="a warm start",
        goal=1.6,
        rounds=11,
        quick_rounds=5,
        open=open_noop,
    ),
    *(
        Figure(
            name=f"restores-{count}",
            unit="s",
            subject=f"{count} jobs at once: first claim → every first byte",
            floor=f"{count} bare restores at once, until all have answered",
            goal=1.5,
            rounds=7,
            quick_rounds=3,
            open=partial(open_restores, count=count),
        )
        for count in (2, 4, 8)
    ),
)
