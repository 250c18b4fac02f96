"""Plans, jobs and pipelines in one line each, for tests that only care about a part of them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from solstice.domain.image import Image, ImageMap, Local
from solstice.domain.job import Attempt, Job, JobId, JobState, PipelineId
from solstice.domain.lease import Lease, MachineName
from solstice.domain.machine import MachineOrder, Room
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import (
    ArtifactPlan,
    Condition,
    JobPlan,
    MatrixPlan,
    Network,
    Occasion,
    Plan,
    StepPlan,
    Template,
)
from solstice.orchestrator.settings import Bounds

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MIB = 1024 * 1024
LABEL = "debian-12"


def step(run: str = "true", name: str = "", **more: Any) -> StepPlan:
    """A step that runs ``run``."""
    return StepPlan(name or run, run=Template(run), **more)


def job_plan(name: str = "test", *, needs: Sequence[str] = (), condition: str = "", **more: Any) -> JobPlan:
    """A job of one step without a checkout."""
    more.setdefault("steps", (step(),))
    more.setdefault("checkout", None)
    more.setdefault("runs_on", LABEL)
    return JobPlan(
        id=name,
        job=more.pop("job", name),
        needs=tuple(needs),
        needs_jobs=tuple(needs),
        condition=Condition(condition) if condition else None,
        **more,
    )


def matrix_plans(*values: str, name: str = "test", **rules: Any) -> tuple[JobPlan, ...]:
    """The jobs of one matrix over ``value``; ``rules`` are fail_fast and max_parallel."""
    return tuple(
        job_plan(f"{name}-{value}", job=name, matrix=MatrixPlan((("value", value),), **rules))
        for value in values
    )


def artifact(name: str) -> ArtifactPlan:
    """An artifact of every file below ``dist``."""
    return ArtifactPlan(Template(name), (Template("dist/*"),))


def plan(*jobs: JobPlan, priority: int = 0) -> Plan:
    """A plan of a workflow called ``ci`` for a push."""
    occasion = Occasion("push", sha="1" * 40, ref="refs/heads/main", branch="main", repo="demo")
    return Plan("ci", occasion, jobs, priority=priority)


def pipeline(*jobs: JobPlan, priority: int = 0, created_at: datetime = NOON) -> Pipeline:
    """A pipeline of new jobs."""
    name = PipelineId(uuid.uuid4().hex)
    made = tuple(
        Job(JobId(uuid.uuid4().hex), name, one, JobState.BLOCKED, created_at=created_at) for one in jobs
    )
    return Pipeline(name, plan(*jobs, priority=priority), made, "https://forge.example.org/demo.git")


def job(state: JobState = JobState.BLOCKED, plan: JobPlan | None = None, **more: Any) -> Job:
    """A job on its own."""
    more.setdefault("created_at", NOON)
    return Job(JobId(uuid.uuid4().hex), PipelineId("p"), plan or job_plan(), state, **more)


def lease(epoch: int = 1, *, minutes_left: float = 3, token: str = "t", session: str = "") -> Lease:  # noqa: S107
    """A lease of which so many minutes are left at noon."""
    return Lease(
        MachineName(f"solstice-x-{epoch}"), epoch, NOON + timedelta(minutes=minutes_left), token, session
    )


def leased_job(state: JobState, plan: JobPlan | None = None, **more: Any) -> Job:
    """A job with a machine, claimed at noon."""
    held = more.pop("lease", lease())
    attempt = more.pop("attempt", Attempt(claimed_at=NOON, machine=held.machine))
    return job(state, plan, lease=held, epoch=held.epoch, attempt=attempt, **more)


def image(name: str = LABEL) -> Image:
    """An image that no test boots."""
    return Image(name, Local("/images/disk.qcow2"), os="linux")


def images(*names: str) -> ImageMap:
    """A map of such images; the first is the default."""
    chosen = names or (LABEL,)
    return ImageMap({name: image(name) for name in chosen}, default_label=chosen[0])


def room(cpus: int = 4, memory_mib: int = 4096, machines: int = 4) -> Room:
    """What a host has."""
    return Room(cpus, memory_mib * MIB, machines)


def bounds(**more: Any) -> Bounds:
    """The orchestrator's numbers, those not named as shipped."""
    more.setdefault("host", room())
    return Bounds(**more)


def order(name: str = "solstice-test-1", *, token: str = "token", of: Image | None = None) -> MachineOrder:  # noqa: S107
    """A small machine without a network."""
    return MachineOrder(
        name=MachineName(name),
        image=of or image(),
        cpus=1,
        memory=256 * MIB,
        disk=0,
        network=Network.NONE,
        token=token,
        lifetime=timedelta(minutes=5),
    )
