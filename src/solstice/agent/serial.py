"""A serial port as an asyncio transport: one descriptor for both ways, and hosts that come and go."""

import asyncio
import errno
import os
from typing import Any

_READ_BYTES = 256 * 1024
_HIGH_WATER_BYTES = 256 * 1024
_LOW_WATER_BYTES = 64 * 1024
_ABSENT_POLL_SECONDS = 0.05
_LINE_WINDOW_BYTES = 64 * 1024 - 1
"""A serial line cannot hold its host back, and the kernel keeps 640 KiB: HTTP/2 has to."""
_ABSENT = (errno.EIO, errno.ENXIO, errno.EPIPE, errno.ENODEV)
"""What reading or writing a port says while nobody holds its other end."""


async def open_serial(protocol: Any, path: str) -> "SerialTransport":
    """Open the port at ``path``, at once, whether or not the host is there already."""
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    _make_raw(descriptor)
    return SerialTransport(asyncio.get_running_loop(), descriptor, protocol)


def _make_raw(descriptor: int) -> None:
    # A virtio port is no terminal; an ISA serial line is, and would echo and translate.
    if os.isatty(descriptor):
        import termios
        import tty

        tty.setraw(descriptor)
        modes = termios.tcgetattr(descriptor)
        modes[tty.ISPEED] = modes[tty.OSPEED] = termios.B115200
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)


class SerialTransport(asyncio.Transport):
    """Reads and writes one non-blocking descriptor, which it owns.

    When the host's end closes, the protocol hears ``eof_received`` and the port stays open: the next
    host is served by the same transport.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int, protocol: Any) -> None:
        super().__init__()
        self._loop = loop
        self._descriptor = descriptor
        self._protocol = protocol
        self._buffer = bytearray()
        self._paused = False
        self._closing = False
        self._absent = False
        self._is_line = os.isatty(descriptor)
        self._poll: asyncio.TimerHandle | None = None
        protocol.connection_made(self)
        loop.add_reader(descriptor, self._read)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._absent or not data:
            return
        idle = not self._buffer
        self._buffer += data
        if idle:
            self._flush()
        if len(self._buffer) > _HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._finish(None)

    def abort(self) -> None:
        self._finish(None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _LINE_WINDOW_BYTES if name == "window_bytes" and self._is_line else default

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            self._absent = False
            return
        except OSError as error:
            if error.errno in _ABSENT:
                self._await_host()
            else:
                self._finish(error)
            return
        if not data:
            self._await_host()
            return
        self._absent = False
        self._protocol.data_received(data)

    def _flush(self) -> None:
        try:
            sent = os.write(self._descriptor, self._buffer) if self._buffer else 0
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            if error.errno in _ABSENT:
                self._await_host()
            else:
                self._finish(error)
            return
        del self._buffer[:sent]
        if self._buffer:
            self._loop.add_writer(self._descriptor, self._flush)
        else:
            self._loop.remove_writer(self._descriptor)
        if self._paused and len(self._buffer) <= _LOW_WATER_BYTES:
            self._paused = False
            self._protocol.resume_writing()

    def _await_host(self) -> None:
        """Nobody is at the other end: drop what was meant for them, and look again a little later.

        A port without a host is always readable, so listening to it would spin.
        """
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._buffer.clear()
        if self._paused:
            self._paused = False
            self._protocol.resume_writing()
        if not self._absent:
            self._absent = True
            self._protocol.eof_received()
        if self._poll is None and not self._closing:
            self._poll = self._loop.call_later(_ABSENT_POLL_SECONDS, self._listen_again)

    def _listen_again(self) -> None:
        self._poll = None
        if not self._closing:
            self._loop.add_reader(self._descriptor, self._read)
            # A host that came and says nothing makes nothing readable.
            self._read()

    def _finish(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        if self._poll is not None:
            self._poll.cancel()
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        os.close(self._descriptor)
        self._loop.call_soon(self._protocol.connection_lost, error)
