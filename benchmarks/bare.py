"""The floors' own machines: QEMU driven by the shortest scripts that do the same, without our program."""

import json
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rig import Sighting
from solstice.wire.handshake import Line, LineReader, Prepare, prepare_line

SOCKETS = ("qmp", "console", "agent")
PATIENCE_SECONDS = 60.0
REPEAT_SECONDS = 0.25


@dataclass(slots=True)
class BareMachine:
    """A QEMU process, connections to its monitor, console and agent's port, and when it was asked for."""

    process: "subprocess.Popen[bytes]"
    qmp: socket.socket
    console: socket.socket
    agent: socket.socket | None
    started: float

    def command(self, name: str, **arguments: Any) -> Any:
        """One monitor command and its answer; events in between are dropped."""
        self.qmp.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        buffer = b""
        while True:
            buffer += self.qmp.recv(65536)
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                answer: Any = json.loads(line)
                if "error" in answer:
                    raise OSError(f"QEMU refuses {name}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]

    def read_console(self, mark: bytes) -> bytes:
        """What the guest says on its console up to a line with this mark, which is returned."""
        said = b""
        while True:
            at = said.find(mark)
            if at >= 0 and b"\n" in said[at:]:
                return said[at:].partition(b"\n")[0].rstrip()
            data = self.console.recv(65536)
            if not data:
                raise OSError(f"the bare machine ended: {said[-500:].decode(errors='replace')}")
            said += data

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        for connection in (self.qmp, self.console, self.agent):
            if connection:
                connection.close()


def start_bare(
    command: tuple[str, ...], folder: Path, sighting: Sighting, fds: tuple[int, ...] = ()
) -> BareMachine:
    """An overlay, QEMU with this command, its monitor ready.

    Where somebody listens on the folder's ``agent`` socket already, the agent's port is theirs.
    """
    started = time.perf_counter()
    base = ("-b", str(sighting.backing), "-F", sighting.backing_format)
    subprocess.run(("qemu-img", "create", "-q", "-f", "qcow2", *base, folder / "disk.qcow2"), check=True)
    listeners = [_listen(folder / name) for name in SOCKETS if not (folder / name).exists()]
    process = subprocess.Popen(
        command, cwd=folder, pass_fds=fds, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    qmp, console, *agent = map(_accept, listeners)
    machine = BareMachine(process, qmp, console, agent[0] if agent else None, started)
    machine.qmp.recv(65536)
    machine.command("qmp_capabilities")
    return machine


def restore_bare(sighting: Sighting, folder: Path, *, silent: bool = False) -> BareMachine:
    """A clone of the template the sighted machine came from, up to its first answer.

    A ``silent`` one is not spoken to: it stands by.
    """
    template = sighting.backing.parent
    command = tuple(
        re.sub(r"mem-path=[^,]*", f"mem-path={template / 'ram'}", word) for word in sighting.command
    )
    with (template / "state").open("rb") as state:
        machine = start_bare(command, folder, sighting, (state.fileno(),))
        capability = {"capability": "x-ignore-shared", "state": True}
        machine.command("migrate-set-capabilities", capabilities=[capability])
        machine.command("migrate-incoming", uri=f"fd:{state.fileno()}")
    while machine.command("query-migrate").get("status") != "completed":
        time.sleep(0.001)
    machine.command("cont")
    if machine.agent and not silent:
        _wait_for_answer(machine.agent)
    return machine


def boot_bare(sighting: Sighting, folder: Path, initrd: Path) -> BareMachine:
    """The sighted machine's kernel, devices and disk, with an initrd of our own."""
    (folder / "seed.iso").write_bytes(bytes(1 << 20))
    command = list(sighting.command)
    command[command.index("-initrd") + 1] = str(initrd)
    return start_bare(tuple(command), folder, sighting)


def _wait_for_answer(agent: socket.socket) -> None:
    prepare = Prepare(time.time(), bytes(range(64)), "bare", "0" * 32, "")
    reader = LineReader()
    agent.settimeout(REPEAT_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        agent.sendall(prepare_line("bare", prepare))
        try:
            if Line("READY", "bare") in reader.feed(agent.recv(65536)):
                return
        except TimeoutError:
            continue
    raise OSError("the bare machine did not answer")


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(PATIENCE_SECONDS)
    listener.bind(str(path))
    listener.listen()
    return listener


def _accept(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    listener.close()
    connection.settimeout(PATIENCE_SECONDS)
    return connection
