"""How large a machine a job gets, and whether there is room for it."""

from dataclasses import replace

import pytest

from solstice.domain.image import Size
from solstice.domain.job import JobState
from solstice.domain.machine import Room
from solstice.domain.placement import in_use, measure, never_fits, waits
from solstice.domain.plan import Resources
from tests import builders
from tests.builders import MIB, job_plan, leased_job, room


@pytest.mark.parametrize(
    ("asked", "cpus", "memory", "disk"),
    [
        (Resources(), 2, 512, 0),
        (Resources(size="large"), 8, 4096, 0),
        (Resources(size="large", cpus=1), 1, 4096, 0),
        (Resources(size="unheard-of", memory=100 * MIB, disk=7), 2, 100, 7),
    ],
)
def test_what_the_job_asks_comes_before_its_size_before_the_image(
    asked: Resources, cpus: int, memory: int, disk: int
) -> None:
    image = replace(builders.image(), size=Size(cpus=2))
    images = replace(builders.images(), sizes={"large": Size(cpus=8, memory=4096 * MIB)})
    size = measure(job_plan(resources=asked), images, image)
    assert (size.cpus, size.memory // MIB, size.disk) == (cpus, memory, disk)


def test_only_jobs_with_a_machine_take_room() -> None:
    jobs = [leased_job(state) for state in (JobState.STARTING, JobState.RUNNING)]
    idle = [builders.job(state) for state in (JobState.QUEUED, JobState.SUCCEEDED)]
    used = in_use([(job, Room(2, 5)) for job in jobs + idle])
    assert used == Room(4, 10, 2)


def test_a_job_that_just_fits_does_not_wait() -> None:
    pipeline = builders.pipeline(job_plan())
    needed, used = Room(1, 1024 * MIB), Room(3, 3072 * MIB, 3)
    assert waits(pipeline, pipeline.jobs[0], needed, used, room()) is None
    assert waits(pipeline, pipeline.jobs[0], needed, used + Room(0, 1, 0), room()) is not None


def test_what_no_empty_host_holds_never_fits() -> None:
    assert never_fits(Room(4, 4096 * MIB), room()) == ""
    assert "5 cpus" in never_fits(Room(5, 1), room())
    assert "the host has 4 cpus and 4096 MiB" in never_fits(Room(1, 4097 * MIB), room())
