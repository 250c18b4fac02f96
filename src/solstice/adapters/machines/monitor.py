"""QEMU's monitor: the one connection through which a running QEMU is spoken to."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from qemu.qmp import EventListener, QMPClient, QMPError

from solstice.adapters.machines.channel import AgentChannel
from solstice.adapters.machines.fleet import Made
from solstice.adapters.machines.qemu_command import Unprivileged, guarded
from solstice.domain.errors import MachineFault

log = logging.getLogger(__name__)

MONITOR_SECONDS = 20.0
MIGRATION_SECONDS = 60.0


class Monitor:
    """QEMU's machine protocol (QMP) for one machine."""

    def __init__(self, made: Made) -> None:
        self._made, self._client = made, QMPClient("machine")

    async def start_qemu(
        self,
        command: Sequence[str],
        lifetime: timedelta,
        user: Unprivileged | None,
        pass_fds: Sequence[int] = (),
    ) -> asyncio.subprocess.Process:
        """Start QEMU with this command and wait until its monitor answers."""
        folder = self._made.folder
        await self._client.start_server(str(folder / "qmp"))
        if user:
            os.chown(folder / "qmp", user.uid, user.uid)
        with (folder / "qemu.log").open("wb") as output:
            process = await self._made.start(guarded(command, lifetime, user), output, pass_fds)
        await self._accept(process)
        return process

    async def _accept(self, process: asyncio.subprocess.Process) -> None:
        accepted = asyncio.ensure_future(self._client.accept())
        ended = asyncio.ensure_future(process.wait())
        try:
            async with asyncio.timeout(MONITOR_SECONDS):
                await asyncio.wait((accepted, ended), return_when=asyncio.FIRST_COMPLETED)
            if accepted.done():
                await accepted
                return
        except (TimeoutError, QMPError, OSError) as error:
            log.info("no QMP session: %r", error)
        finally:
            ended.cancel()
            accepted.cancel()
        said = (self._made.folder / "qemu.log").read_text(errors="replace").strip()[-500:]
        raise MachineFault(f"QEMU did not start: {said or 'it said nothing'}", "See `solstice doctor`.")

    async def watch_port(self, channel: AgentChannel) -> None:
        """Tell the channel whenever the guest opens or closes its end; ends with QEMU."""
        try:
            with self._client.listener("VSERPORT_CHANGE") as events:
                async for event in events:
                    data: Any = event["data"]
                    channel.guest_changed(bool(data["open"]))
        except (QMPError, OSError):
            pass
        finally:
            with contextlib.suppress(QMPError, OSError, asyncio.CancelledError):
                await self._client.disconnect()

    async def save(self, state: int) -> None:
        """Stop the guest and write everything but its memory to this descriptor."""
        await self._client.execute("stop")
        await self._migrate("migrate", state)

    async def restore(self, state: int) -> None:
        """Read what `save` wrote and let the guest go on."""
        await self._migrate("migrate-incoming", state)
        await self._client.execute("cont")

    async def quit(self) -> None:
        """End QEMU in good order: its disk is whole afterwards."""
        with contextlib.suppress(QMPError):
            await self._client.execute("quit")

    async def _migrate(self, command: str, state: int) -> None:
        wanted = [{"capability": name, "state": True} for name in ("x-ignore-shared", "events")]
        await self._client.execute("migrate-set-capabilities", {"capabilities": wanted})
        self._client.send_fd_scm(state)
        await self._client.execute("getfd", {"fdname": "state"})
        with self._client.listener("MIGRATION") as events:
            await self._client.execute(command, {"uri": "fd:state"})
            async with asyncio.timeout(MIGRATION_SECONDS):
                status = await _final_status(events)
        if status != "completed":
            raise MachineFault(f"QEMU's {command} ended as {status}", "See `solstice doctor`.")


async def _final_status(events: EventListener) -> str:
    async for event in events:
        data: Any = event["data"]
        if data["status"] in ("completed", "failed", "cancelled"):
            return str(data["status"])
    return "lost"
