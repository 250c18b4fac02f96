"""One fault at each await: whatever call of a golden run goes wrong, the run ends and leaves no machine."""

import pytest

from solstice.domain.errors import MachineFault, Transient
from solstice.domain.job import JobState
from solstice.domain.plan import Checkout
from solstice.domain.reason import Fault
from tests.builders import artifact, job_plan
from tests.fakes.guests import OUTPUT, works
from tests.fakes.meddling import Meddler, Trouble
from tests.fakes.rooms import Rooms
from tests.fakes.virtual_time import virtual_time
from tests.orchestrator.in_virtual_time import timed_rooms

PLANS = (
    job_plan("build", artifacts=(artifact("wheels"),), checkout=Checkout()),
    job_plan("test", needs=["build"]),
)
ERRORS = {"transient": Transient("just now"), "fault": MachineFault("no space left", "Free some.")}


def play(meddler: Meddler) -> Rooms:
    """The run, under a meddler's eyes."""

    @virtual_time
    async def story() -> Rooms:
        rooms = timed_rooms(meddler)
        rooms.hypervisor.guest = works(lambda: rooms.sessions, seconds=10)
        await rooms.run_to_the_end(*PLANS)
        return rooms

    return story()


def golden_calls() -> list[str]:
    """The port calls of a run in which nothing goes wrong, in their order."""
    meddler = Meddler()
    rooms = play(meddler)
    assert {job.state for job in rooms.ended.values()} == {JobState.SUCCEEDED}
    return meddler.calls


CALLS = golden_calls()


def test_the_golden_run_walks_every_call_a_good_run_makes() -> None:
    assert {
        "hypervisor.prepare",
        "hypervisor.boot",
        "hypervisor.machines",
        "hypervisor.destroy",
        "secrets.release",
        "sources.bundle",
        "logs.append",
        "artifacts.put",
    } <= set(CALLS)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        *((Trouble.RAISES_BEFORE, error) for error in ERRORS),
        *((Trouble.RAISES_AFTER, error) for error in ERRORS),
        (Trouble.HANGS, "transient"),
    ],
)
@pytest.mark.parametrize("strike", range(len(CALLS)), ids=[f"{n}-{call}" for n, call in enumerate(CALLS)])
def test_a_run_in_which_one_call_goes_wrong_still_ends_in_good_order(
    strike: int, trouble: Trouble, error: str
) -> None:
    rooms = play(Meddler(strike, trouble, ERRORS[error]))
    assert rooms.left == {}
    for job in rooms.ended.values():
        assert job.state.is_over
        assert job.lease is None
        if job.state is JobState.SUCCEEDED:
            assert rooms.logs.kept[job.id, job.epoch] == OUTPUT
            assert not job.plan.artifacts or (job.id, "wheels") in rooms.artifacts.kept
        elif job.state is JobState.FAILED:
            assert job.reason
            assert job.reason.cause.fault is Fault.INFRASTRUCTURE
            assert job.reason.evidence
        else:
            assert job.state is JobState.SKIPPED
