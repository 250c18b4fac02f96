"""The figures of memory: what machines that stand by take of the host, shared pages divided."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

import psutil

from benchmarks.bare import restore_bare
from benchmarks.figure import CannotRun, Figure, Pair
from benchmarks.lab import Lab
from benchmarks.rig import make_job

SETTLE_SECONDS = 2.0
PATIENCE_SECONDS = 90.0


@asynccontextmanager
async def open_memory(lab: Lab, count: int) -> AsyncIterator[Pair]:
    """So many machines of the pool against so many bare clones, none of them spoken to."""
    sighting = await (await lab.rig()).sight("restored")

    async def pool() -> float:
        async with lab.open_rig(standing=count, rehearse=False) as rig:
            await rig.run(make_job("true"), way="restored")
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await _weigh(await rig.await_standing(count))

    async def bare() -> float:
        machines = []
        try:
            for _ in range(count):
                folder = lab.make_folder("bare")
                machines.append(await asyncio.to_thread(restore_bare, sighting, folder, silent=True))
            return await _weigh(psutil.Process(machine.process.pid) for machine in machines)
        finally:
            await asyncio.gather(*(asyncio.to_thread(machine.stop) for machine in machines))

    yield Pair(pool, bare)


async def _weigh(processes: Iterable[psutil.Process]) -> float:
    await asyncio.sleep(SETTLE_SECONDS)
    sizes = [process.memory_full_info().pss for process in processes]
    if not sizes:
        raise CannotRun("there is no machine to weigh")
    return sum(sizes) / 1e6


FIGURES = tuple(
    Figure(
        name=f"memory-{count}",
        unit="MB",
        subject=f"PSS of {count} restored, standing by, not rehearsed",
        floor=f"PSS of {count} bare, silent clones",
        goal=1.1,
        rounds=rounds,
        quick_rounds=1,
        open=partial(open_memory, count=count),
    )
    for count, rounds in ((1, 3), (16, 2))
)
