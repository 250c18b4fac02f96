"""`--keep-failed`: the machine of a failed job is laid aside before it is destroyed."""

from collections.abc import Mapping
from pathlib import Path

from solstice.adapters.memory import MemoryJobs
from solstice.domain.image import Image
from solstice.domain.job import JobState
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder
from solstice.orchestrator.ports import Hypervisor


class KeepFailed:
    """A hypervisor that keeps, in ``folder``, what is left of the machines of failed jobs."""

    def __init__(self, hypervisor: Hypervisor, jobs: MemoryJobs, folder: Path) -> None:
        self._hypervisor, self._jobs, self._folder = hypervisor, jobs, folder
        self.kept: list[Path] = []

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
        place = self._folder / machine
        if job and job.state in (JobState.FAILED, JobState.TIMED_OUT) and place not in self.kept:
            await self._hypervisor.retain(machine, place)
            self.kept.append(place)
        await self._hypervisor.destroy(machine)
