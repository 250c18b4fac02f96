r"""What is said on a raw byte stream between host and guest before gRPC may begin.

The guest repeats ``WAIT -`` until it hears the host, for not every host sees that somebody opened the
channel. The host repeats ``PREPARE nonce {json}``, the guest mends itself and answers ``READY nonce``,
the host says ``GO nonce`` and from the next byte on both speak HTTP/2. Each side drops everything before
its mark: a virtio-serial port hands over bytes that were meant for an earlier listener. A guest that
finds a `PREPARE` in the middle of HTTP/2 knows that its host has started anew and begins again.

A machine that stands by may be told ``REHEARSE nonce`` before it has an identity: it does a job of nobody's,
as the template did, and answers ``READY nonce``.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

MARK = b"\x00solstice-agent/1 "
"""Begins each line; the NUL keeps it out of anything a person or a shell would write."""
MAX_LINE_BYTES = 16 * 1024
REPEAT_SECONDS = 0.25
"""How often the host says PREPARE until it is answered."""
WAIT_SECONDS = 1.0
"""How often the guest says WAIT until it is told PREPARE."""
_WORDS = ("WAIT", "REHEARSE", "PREPARE", "READY", "GO")


@dataclass(frozen=True, slots=True)
class Prepare:
    """What a guest is told before anything else: who it is, what time it is, fresh randomness.

    ``time`` is seconds since the epoch, ``entropy`` at least 32 random bytes, ``token`` the one-use
    credential for `Session`, "" if the guest finds it in its seed.
    """

    time: float
    entropy: bytes
    hostname: str
    machine_id: str
    token: str


def prepare_line(nonce: str, prepare: Prepare) -> bytes:
    """The host's repeated first line."""
    body = {
        "time": prepare.time,
        "entropy": base64.b64encode(prepare.entropy).decode("ascii"),
        "hostname": prepare.hostname,
        "machine_id": prepare.machine_id,
        "token": prepare.token,
    }
    return MARK + f"PREPARE {nonce} {json.dumps(body)}\n".encode("ascii")


def wait_line() -> bytes:
    """The guest's repeated word before it has heard anything."""
    return MARK + b"WAIT -\n"


def rehearse_line(nonce: str) -> bytes:
    """What a host says to a machine that nobody has claimed yet."""
    return MARK + f"REHEARSE {nonce}\n".encode("ascii")


def ready_line(nonce: str) -> bytes:
    """The guest's answer."""
    return MARK + f"READY {nonce}\n".encode("ascii")


def go_line(nonce: str) -> bytes:
    """The host's last word before HTTP/2."""
    return MARK + f"GO {nonce}\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the handshake: its word, its nonce (``-`` has none), and what follows it."""

    word: str
    nonce: str
    body: str = ""

    def prepare(self) -> Prepare | None:
        """The body of a PREPARE; ``None`` if it is not one we understand."""
        try:
            body: Any = json.loads(self.body)
            return Prepare(
                time=float(body["time"]),
                entropy=base64.b64decode(body["entropy"], validate=True),
                hostname=str(body["hostname"]),
                machine_id=str(body["machine_id"]),
                token=str(body["token"]),
            )
        except (ValueError, KeyError, TypeError):
            return None


class LineReader:
    """Finds the handshake's lines in a stream of arbitrary chunks and drops everything else.

    >>> reader = LineReader()
    >>> reader.feed(b"noise" + go_line("n1") + b"PRI * HTTP/2.0")
    [Line(word='GO', nonce='n1', body='')]
    >>> reader.rest()
    b'PRI * HTTP/2.0'
    """

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are complete now, in order; stops behind a GO so that `rest` is HTTP/2."""
        self._buffer += data
        lines: list[Line] = []
        while (line := self._next()) is not None:
            lines.append(line)
            if line.word in ("GO", "READY"):
                break
        return lines

    def rest(self) -> bytes:
        """What came behind the last line; forgets it."""
        rest, self._buffer = self._buffer, b""
        return rest

    def _next(self) -> Line | None:
        while True:
            start = self._buffer.find(MARK)
            if start < 0:
                self._buffer = self._buffer[-(len(MARK) - 1) :]
                return None
            end = self._buffer.find(b"\n", start)
            if end < 0:
                tail = self._buffer[start:]
                # A line longer than any we send is noise that happens to begin like one.
                self._buffer = tail if len(tail) <= MAX_LINE_BYTES else tail[1:]
                if len(tail) <= MAX_LINE_BYTES:
                    return None
                continue
            text = self._buffer[start + len(MARK) : end].decode("ascii", "replace")
            self._buffer = self._buffer[end + 1 :]
            word, _, rest = text.partition(" ")
            nonce, _, body = rest.partition(" ")
            if word in _WORDS and nonce:
                return Line(word, nonce, body)
