"""What goes on in a fake machine: agents that talk to `Sessions` directly, well-behaved and otherwise."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Callable

from solstice.domain.errors import SolsticeError
from solstice.domain.job import JobState, StepRecord, StepState
from solstice.domain.machine import MachineOrder
from solstice.orchestrator.amend import Fenced
from solstice.orchestrator.session import End, Session
from solstice.orchestrator.sessions import Refused, Sessions
from tests.fakes.hypervisor import Guest

SETTLED = b"solstice-init: started\nsolstice-init: agent exited 0\n"
REFUSED = b"solstice-init: started\nsolstice-init: agent exited 3\n"
OUTPUT = b"hello from the guest\n"


def works(
    desk: Callable[[], Sessions], *, seconds: float = 1.0, result: JobState = JobState.SUCCEEDED
) -> Guest:
    """An agent that does its job in ``seconds``, heeds a cancel, and comes back after trouble."""

    async def guest(order: MachineOrder) -> bytes:
        credential = order.token
        seen = 0
        for _ in range(5):
            try:
                session = await desk().begin(credential)
                if session.work:
                    credential, seen = session.work.session, len(session.work.assignment.artifacts)
                await _do_the_job(desk(), session, seconds, result, artifacts=bool(seen))
            except SolsticeError:
                await asyncio.sleep(1)
                continue
            except (Refused, Fenced):
                return REFUSED
            return SETTLED
        return REFUSED

    return guest


async def _do_the_job(
    desk: Sessions, session: Session, seconds: float, result: JobState, *, artifacts: bool
) -> None:
    await session.step(1, 0, StepRecord("", StepState.RUNNING))
    await session.append(2, 0, 0, OUTPUT)
    for _ in range(max(1, round(seconds / 5))):
        await asyncio.sleep(min(seconds, 5))
        await session.heartbeat()
        if (await session.refresh()).cancel:
            await session.end(9, End(JobState.CANCELLED, ""))
            return
    state = StepState.SUCCEEDED if result is JobState.SUCCEEDED else StepState.FAILED
    await session.step(3, 0, StepRecord("", state, exit_code=result is not JobState.SUCCEEDED))
    if artifacts:
        for name in await desk.artifacts_of(session.job):
            await desk.artifacts.put(session.job, name, stream(tar_of({"a.txt": b"kept"})))
    await session.end(4, End(result, ""))


async def says_nothing(order: MachineOrder) -> bytes:
    """A guest whose kernel hangs before its first word."""
    await asyncio.Event().wait()
    return b""


async def panics(order: MachineOrder) -> bytes:
    """A guest whose kernel finds no disk."""
    await asyncio.sleep(2)
    return b"Linux version 6.1\nKernel panic - not syncing: VFS: Unable to mount root fs\n"


def falls_silent(desk: Callable[[], Sessions]) -> Guest:
    """An agent that says hello and is never heard again."""

    async def guest(order: MachineOrder) -> bytes:
        await desk().begin(order.token)
        await asyncio.Event().wait()
        return b""

    return guest


def never_ends(desk: Callable[[], Sessions]) -> Guest:
    """An agent that heeds no timeout and no cancel, but lives."""

    async def guest(order: MachineOrder) -> bytes:
        session = await desk().begin(order.token)
        try:
            while True:
                await session.heartbeat()
                await asyncio.sleep(10)
        except Fenced:
            return REFUSED

    return guest


def tar_of(files: dict[str, bytes]) -> bytes:
    """A tar stream of plain files."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w|") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return whole.getvalue()


async def stream(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """``data`` in pieces."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
