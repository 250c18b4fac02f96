"""The byte streams an agent may be reached through, by the name the command line gives them."""

import asyncio
import socket

from solstice.agent.ports import Opener
from solstice.agent.serial import open_serial

_KEEPALIVE = (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 40_000))


def parse_channel(text: str) -> Opener:
    """How to open ``serial:/dev/…``, ``unix:/path`` or ``tcp:host:port``; `ValueError` for anything else."""
    kind, _, rest = text.partition(":")
    if kind == "serial" and rest:
        return lambda protocol: open_serial(protocol, rest)
    if kind == "unix" and rest:
        return lambda protocol: asyncio.get_running_loop().create_unix_connection(lambda: protocol, rest)
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and host and port.isdigit():
        return lambda protocol: _open_tcp(protocol, host.strip("[]"), int(port))
    raise ValueError(
        f"cannot use {text!r} as channel: expected serial:/dev/NAME, unix:/PATH or tcp:HOST:PORT"
    )


async def _open_tcp(protocol: asyncio.BaseProtocol, host: str, port: int) -> object:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, host, port)
    # A host that vanished without a word must be noticed before its lease on us runs out.
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return transport
