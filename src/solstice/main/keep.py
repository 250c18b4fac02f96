"""`--keep-failed`: the machine of a failed job is laid aside before it is destroyed."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from solstice.adapters.memory import MemoryJobs
from solstice.domain.errors import SolsticeError
from solstice.domain.event import Event, Notice
from solstice.domain.image import Image
from solstice.domain.job import JobState
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder
from solstice.orchestrator.ports import Hypervisor


class KeepFailed:
    """A hypervisor that keeps, in ``folder``, what is left of the machines of failed jobs."""

    def __init__(
        self, hypervisor: Hypervisor, jobs: MemoryJobs, folder: Path, tell: Callable[[Event], None]
    ) -> None:
        self._hypervisor, self._jobs, self._folder, self._tell = hypervisor, jobs, folder, tell
        self._keeping: dict[MachineName, asyncio.Task[None]] = {}

    async def prepare(self, image: Image) -> None:
        """As the hypervisor does."""
        await self._hypervisor.prepare(image)

    async def boot(self, order: MachineOrder) -> Booted:
        """As the hypervisor does."""
        return await self._hypervisor.boot(order)

    async def machines(self) -> Mapping[MachineName, bool]:
        """As the hypervisor does."""
        return await self._hypervisor.machines()

    async def console(self, machine: MachineName) -> bytes:
        """As the hypervisor does."""
        return await self._hypervisor.console(machine)

    async def retain(self, machine: MachineName, folder: Path) -> None:
        """As the hypervisor does."""
        await self._hypervisor.retain(machine, folder)

    async def destroy(self, machine: MachineName) -> None:
        """Lay it aside first if its job failed."""
        job = self._jobs.of_machine(machine)
        if job and job.state in (JobState.FAILED, JobState.TIMED_OUT):
            # Two passes may want it gone at once: both wait until it is laid aside.
            if machine not in self._keeping:
                self._keeping[machine] = asyncio.create_task(self._keep(machine, job.plan.id))
            await asyncio.shield(self._keeping[machine])
        await self._hypervisor.destroy(machine)

    async def _keep(self, machine: MachineName, job: str) -> None:
        place = self._folder / machine
        try:
            await self._hypervisor.retain(machine, place)
        except (SolsticeError, OSError) as error:
            self._tell(Notice(f"cannot keep what is left of {job}'s machine: {error}", "warning"))
        else:
            self._tell(Notice(f"kept what is left of {job}'s machine in {place}"))
