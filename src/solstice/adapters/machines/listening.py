"""A unix socket that a hypervisor's process connects to."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def listen(accept: Accept, path: Path, owner: int | None) -> asyncio.Server:
    """Listen at ``path``; ``owner`` is the user id of whoever connects."""
    starting = asyncio.ensure_future(asyncio.start_unix_server(accept, path))
    try:
        server = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # It listens before it returns: given up in between, nobody else would close it.
        (await starting).close()
        raise
    if owner is not None:
        os.chown(path, owner, owner)
    return server
