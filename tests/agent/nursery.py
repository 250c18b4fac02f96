"""Agents without the wait for their imports: one process imports the zipapp, and forks for each agent.

It is what a template is to its clones. Run as a program it is that process.
"""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ZIPAPP = Path(__file__).parents[2] / "src" / "solstice" / "data" / "agent.pyz"

_nursery: tuple["subprocess.Popen[bytes]", str] | None = None


class ForkedAgent:
    """One agent, with the words of `asyncio.subprocess.Process` that the tests use."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._reader = reader
        self._writer = writer

    async def wait(self) -> int:
        if self.returncode is None:
            word = await self._reader.read()
            self._writer.close()
            self.returncode = int(word) if word else -signal.SIGKILL
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


async def fork_agent(arguments: list[str]) -> ForkedAgent:
    """An agent with these arguments."""
    reader, writer = await asyncio.open_unix_connection(_address())
    writer.write(json.dumps(arguments).encode() + b"\n")
    return ForkedAgent(int(await reader.readline()), reader, writer)


def _address() -> str:
    global _nursery
    if _nursery is None:
        folder = tempfile.mkdtemp(prefix="sol")
        address = f"{folder}/nursery"
        process = subprocess.Popen([sys.executable, __file__, address], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        _nursery = process, address
        atexit.register(_close, process, folder)
    return _nursery[1]


def _close(process: "subprocess.Popen[bytes]", folder: str) -> None:
    process.kill()
    process.wait()
    for path in Path(folder).iterdir():
        path.unlink()
    Path(folder).rmdir()


def serve(address: str) -> None:
    sys.path.insert(0, str(ZIPAPP))
    from solstice.main.agent import main

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    os.write(1, b"ready\n")
    while True:
        connection, _ = listener.accept()
        while _reap():
            pass
        if os.fork() == 0:
            listener.close()
            _live(connection, main)
        connection.close()


def _reap() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _live(connection: socket.socket, main: object) -> None:
    code = 1
    try:
        connection.sendall(f"{os.getpid()}\n".encode())
        arguments = json.loads(connection.makefile().readline())
        code = main(arguments)  # type: ignore[operator]
    finally:
        connection.sendall(str(code).encode())
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
