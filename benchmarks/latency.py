"""The figures of a machine that is up already: live output, and a job on a machine that stood by."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import grpc.aio

from benchmarks.bare import boot_bare
from benchmarks.figure import CannotRun, Figure, Pair
from benchmarks.guest import make_initrd
from benchmarks.lab import Lab
from benchmarks.rig import Rig, make_job
from solstice.cli.run.watcher import make_watcher
from solstice.domain.event import Event, JobChanged
from solstice.domain.job import JobState
from solstice.domain.lease import MachineName

BATCH_SECONDS = 0.05
TICKS = 20
CALLS = 30
TICK = f"""sudo python3 -u - <<'END'
import os, time
console = os.open("/dev/ttyS0", os.O_WRONLY)
for number in range({TICKS}):
    time.sleep(0.2)
    os.write(console, b"@")
    os.write(1, b"tick\\n")
END"""
ASK = f"""
import sys
sys.modules["ssl"] = None
sys.path.insert(0, "/run/agent.pyz")
import asyncio, glob, statistics, time
from grpclib.client import Channel, Handler
from grpclib.config import Configuration
from grpclib.const import Cardinality
from grpclib.encoding.proto import ProtoCodec
from grpclib.protocol import H2Protocol
from solstice.agent.serial import open_serial
from solstice.wire.agent import messages

class Plain(asyncio.Protocol):
    def connection_made(self, transport):
        self.channel = channel = Channel(codec=ProtoCodec(), config=Configuration())
        channel._protocol = H2Protocol(Handler(), channel._config, channel._h2_config)
        channel._protocol.connection_made(transport)
        self.data_received = channel._protocol.data_received

async def main():
    plain = Plain()
    await open_serial(plain, glob.glob("/dev/vport*")[0])
    print("script-ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        taken = []
        for _ in range({CALLS}):
            began = time.perf_counter()
            kinds = (Cardinality.UNARY_UNARY, messages.Heartbeat, messages.Heartbeat)
            async with plain.channel.request("/bench.Echo/Say", *kinds) as call:
                await call.send_message(messages.Heartbeat(), end=True)
                await call.recv_message()
            taken.append(time.perf_counter() - began)
        print("script-took", statistics.median(taken), flush=True)
asyncio.run(main())
"""
RUN_TRUE = f"""python3 - <<'END'
import statistics, subprocess, time
taken = []
for _ in range({CALLS}):
    began = time.perf_counter()
    subprocess.run(["true"])
    taken.append(time.perf_counter() - began)
print("took", statistics.median(taken))
END"""


@asynccontextmanager
async def open_live(lab: Lab) -> AsyncIterator[Pair]:
    """From a byte on the guest's console to the line in a plain run's output, printed at the same moment."""
    rig = await lab.rig()
    sighting = await (await lab.rig(warm=False)).sight("cold")
    folder = lab.make_folder("guest")
    initrd = make_initrd(sighting, folder / "initrd", "python3 /run/script.py", ASK)
    server = await _serve_echo(folder / "agent")
    machine = await asyncio.to_thread(boot_bare, sighting, folder, initrd)
    try:
        await asyncio.to_thread(machine.read_console, b"script-ready")

        async def floor() -> float:
            machine.console.sendall(b"again\n")
            said = await asyncio.to_thread(machine.read_console, b"script-took")
            return (float(said.split()[1]) + BATCH_SECONDS) * 1000

        async def subject() -> float:
            return await _time_ticks(rig) * 1000

        yield Pair(subject, floor)
    finally:
        await asyncio.to_thread(machine.stop)
        await server.stop(None)


async def _time_ticks(rig: Rig) -> float:
    job, lines, started = make_job(TICK), _Lines(), asyncio.Event()
    watcher = make_watcher("plain", lines.writer, plan=rig.plan(job))
    echoed: list[float] = []

    def hear(event: Event) -> None:
        watcher.tell(event)
        if isinstance(event, JobChanged) and event.after.state is JobState.RUNNING and not started.is_set():
            started.set()
            listening.append(asyncio.ensure_future(_listen(rig, event.after.machine, echoed)))

    listening: list[asyncio.Future[None]] = []
    rig.listeners.append(hear)
    try:
        await rig.run(job)
    finally:
        rig.listeners.remove(hear)
        for task in listening:
            task.cancel()
        watcher.abandon()
        lines.close()
    shown = [moment for moment, line in lines.seen if line.rstrip().endswith("tick")]
    if len(shown) != TICKS or len(echoed) != TICKS:
        raise CannotRun(f"of {TICKS} lines the console saw {len(echoed)} and the run showed {len(shown)}")
    return median(then - now for now, then in zip(echoed, shown, strict=True))


async def _listen(rig: Rig, machine: str, echoed: list[float]) -> None:
    # The console tells when the guest printed, by a way that is a byte long; clocks of two machines differ.
    while True:
        said = (await rig.system.hypervisor.console(MachineName(machine))).count(b"@")
        echoed += [time.perf_counter()] * (said - len(echoed))
        await asyncio.sleep(0.001)


class _Lines:
    """A pipe whose lines are noted with the moment they came."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.writer = os.fdopen(writing, "w", encoding="utf-8")
        self.seen: list[tuple[float, str]] = []
        self._reader = os.fdopen(reading, encoding="utf-8")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._reader:
            self.seen.append((time.perf_counter(), line))

    def close(self) -> None:
        with suppress(OSError):
            self.writer.close()
        self._thread.join()
        self._reader.close()


@asynccontextmanager
async def open_pooled(lab: Lab) -> AsyncIterator[Pair]:
    """A job's first byte on a machine that stood by, against a gRPC call and a bare process."""
    async with lab.open_rig(standing=2) as rig:
        await rig.run(make_job("true"))
        socket = lab.make_folder("echo") / "grpc"
        server = await _serve_echo(socket)

        async def floor() -> float:
            await _await_pool(rig)
            outcome = await rig.run(make_job(RUN_TRUE), way="pooled")
            taken = float(rig.read_log(outcome).split()[-1])
            return await _round_trip(socket) + taken

        async def subject() -> float:
            await _await_pool(rig)
            return (await rig.run(make_job("echo hello"), way="pooled")).first_byte

        try:
            yield Pair(subject, floor)
        finally:
            await server.stop(None)


async def _await_pool(rig: Rig) -> None:
    try:
        async with asyncio.timeout(90):
            await rig.await_standing(2)
    except TimeoutError:
        raise CannotRun("no pool yet: no machine stands by") from None
    # Restored a moment ago, it may still be busy with waking up.
    await asyncio.sleep(1)


async def _serve_echo(path: Path) -> grpc.aio.Server:
    async def say(request: bytes, context: object) -> bytes:
        return request

    server = grpc.aio.server()
    handlers: dict[str, Any] = {"Say": grpc.unary_unary_rpc_method_handler(say)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", handlers),))
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    return server


async def _round_trip(path: Path) -> float:
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        say: Any = channel.unary_unary("/bench.Echo/Say")
        taken = []
        for _ in range(CALLS):
            began = time.perf_counter()
            await say(b"")
            taken.append(time.perf_counter() - began)
    return median(taken)


FIGURES = (
    Figure(
        name="pooled-start",
        unit="s",
        subject="claim → first byte of the first step, on a machine that stood by",
        floor="a gRPC call on this computer, and `true` from a loop in such a guest",
        goal=1.5,
        rounds=9,
        quick_rounds=4,
        open=open_pooled,
    ),
    Figure(
        name="live-latency",
        unit="ms",
        subject="a line printed in the guest → in the run's output",
        floor="a gRPC call from the guest, and the 50 ms of a batch",
        goal=1.5,
        rounds=5,
        quick_rounds=2,
        open=open_live,
    ),
)
