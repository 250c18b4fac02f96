"""Launcher, sessions, reaper, agents and people doing things in any order: what always holds."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from solstice.domain.errors import MachineFault, Transient
from solstice.domain.event import JobChanged
from solstice.domain.job import MOVES, Job, JobState, StepRecord, StepState
from solstice.domain.placement import HAS_MACHINE
from solstice.orchestrator.amend import Fenced
from solstice.orchestrator.session import End, Session
from solstice.orchestrator.sessions import Refused
from tests import builders
from tests.builders import job_plan, matrix_plans
from tests.fakes.rooms import Rooms
from tests.fakes.virtual_time import VirtualTimeLoop
from tests.orchestrator.in_virtual_time import timed_rooms

T = TypeVar("T")
PLANS = (
    job_plan("build", retries=1, timeout=timedelta(minutes=5)),
    job_plan("lint", timeout=timedelta(minutes=1)),
    *matrix_plans("x", "y", max_parallel=1),
    job_plan("ship", needs=["build", "lint"], condition="always()"),
    job_plan("tell", needs=["test-x"]),
)
ENDS = (JobState.SUCCEEDED, JobState.FAILED, JobState.TIMED_OUT, JobState.CANCELLED)
PICK = st.integers(0, 1000)


def check_change(before: Job, after: Job) -> None:
    """What holds of every single write."""
    assert not before.state.is_over, "what is over stays as it is"
    assert after.state is before.state or after.state in MOVES[before.state]
    assert after.version > before.version
    assert after.epoch == before.epoch + (
        before.state is JobState.QUEUED and after.state is JobState.STARTING
    )
    assert (after.lease is not None) == (after.state in HAS_MACHINE)
    assert after.lease is None or after.lease.epoch == after.epoch
    assert after.lost >= before.lost
    assert after.failed >= before.failed
    assert after.state.is_over == (after.ended_at is not None)
    assert after.cancel == (before.cancel or after.cancel), "the first wish to cancel counts"
    if after.state in (JobState.FAILED, JobState.SKIPPED, JobState.CANCELLED, JobState.TIMED_OUT):
        assert after.reason


class JobMachine(RuleBasedStateMachine):
    """One pipeline on two hosts' worth of room, under everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.sessions: list[Session] = []
        self.epochs: dict[Session, int] = {}
        self.credentials: list[str] = []
        self.used: list[str] = []
        self.checked = 0
        self.rooms = self.loop.run_until_complete(self.begin())

    async def begin(self) -> Rooms:
        rooms = timed_rooms(host=builders.room(machines=3), max_lost=2)
        await rooms.add(*PLANS)
        return rooms

    def do(self, deed: Coroutine[Any, Any, T]) -> T:
        """Carry out ``deed``, and what it set off."""

        async def deed_and_echo() -> T:
            result = await deed
            await self.rooms.quiet()
            return result

        return self.loop.run_until_complete(deed_and_echo())

    @rule()
    def launcher_passes(self) -> None:
        self.do(self.rooms.launcher.launch())

    @rule()
    def reaper_passes(self) -> None:
        self.do(self.rooms.reaper.sweep())
        machines = self.do(self.rooms.hypervisor.machines())
        leased = {job.lease.machine for job in self.jobs() if job.lease}
        assert machines.keys() <= leased, "the reaper leaves no machine that nobody holds"

    @rule()
    def everything_goes_round(self) -> None:
        """As far as it goes by itself: images, machines, the newest machine's agent."""
        for deed in (self.rooms.launcher.launch, self.rooms.reaper.sweep, self.rooms.launcher.launch):
            self.do(deed())
        if orders := self.rooms.hypervisor.orders:
            self.come(orders[-1].token, once=True)

    @rule(seconds=st.sampled_from([0.1, 4, 11, 65, 200]))
    def time_passes(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    @rule(pick=PICK)
    def agent_says_hello(self, pick: int) -> None:
        orders = self.rooms.hypervisor.orders
        if orders:
            self.come(orders[pick % len(orders)].token, once=True)

    @precondition(lambda self: self.credentials)
    @rule(pick=PICK)
    def agent_comes_back(self, pick: int) -> None:
        self.come(self.credentials[pick % len(self.credentials)], once=False)

    def come(self, credential: str, *, once: bool) -> None:
        try:
            session = self.do(self.rooms.sessions.begin(credential))
        except Refused:
            return
        assert not once or credential not in self.used, "a token opens one session"
        assert session.job.state is JobState.RUNNING
        self.used.append(credential)
        self.sessions.append(session)
        self.epochs[session] = session.job.epoch
        if session.work:
            self.credentials.append(session.work.session)

    @precondition(lambda self: self.sessions)
    @rule(pick=PICK, what=st.sampled_from(["log", "step", "output", "heartbeat"]))
    def agent_speaks(self, pick: int, what: str) -> None:
        session = self.sessions[pick % len(self.sessions)]
        seq = session.seq + 1
        deeds = {
            "log": lambda: session.append(seq, 0, session.log_end, b"x"),
            "step": lambda: session.step(seq, 0, StepRecord("", StepState.RUNNING)),
            "output": lambda: session.output(seq, "a", str(pick)),
            "heartbeat": session.heartbeat,
        }
        self.speak(session, deeds[what]())

    @precondition(lambda self: self.sessions)
    @rule(state=st.sampled_from(ENDS))
    def oldest_agent_ends(self, state: JobState) -> None:
        self.speak(self.sessions[0], self.sessions[0].end(self.sessions[0].seq + 1, End(state, "")))

    @precondition(lambda self: self.sessions)
    @rule(pick=PICK, state=st.sampled_from(ENDS))
    def agent_ends(self, pick: int, state: JobState) -> None:
        session = self.sessions[pick % len(self.sessions)]
        self.speak(session, session.end(session.seq + 1, End(state, "")))

    def speak(self, session: Session, deed: Coroutine[Any, Any, None]) -> None:
        stored = self.rooms.latest[session.job.id]
        stale = stored.lease is None or self.epochs[session] != stored.epoch
        try:
            self.do(deed)
        except Fenced:
            assert stale
        else:
            assert not stale or self.rooms.latest[session.job.id] == stored, (
                "whoever is stale changes nothing"
            )

    @rule(
        pick=PICK, console=st.sampled_from([b"", b"Kernel panic - not syncing: x", b"solstice-init: started"])
    )
    def machine_dies(self, pick: int, console: bytes) -> None:
        machines = list(self.do(self.rooms.hypervisor.machines()))
        if machines:
            self.rooms.hypervisor.die(machines[pick % len(machines)], console)

    @rule(error=st.sampled_from([Transient("busy"), MachineFault("no QEMU", "Install it.")]))
    def next_boot_fails(self, error: Exception) -> None:
        self.rooms.hypervisor.boot_errors.append(error)

    @rule(hang=st.booleans())
    def boots_hang(self, hang: bool) -> None:
        self.rooms.hypervisor.hang_in_boot = hang

    @rule(pick=PICK)
    def person_cancels(self, pick: int) -> None:
        job = self.jobs()[pick % len(PLANS)]
        if not job.state.is_over:
            self.do(self.rooms.cancel(job.plan.id))

    @invariant()
    def every_write_keeps_the_rules(self) -> None:
        events = self.rooms.events
        for event in events[self.checked :]:
            if isinstance(event, JobChanged) and event.before:
                check_change(event.before, event.after)
        self.checked = len(events)

    @invariant()
    def nobody_shares_and_nobody_is_early(self) -> None:
        jobs = {job.plan.id: job for job in self.jobs()}
        machines = [job.lease.machine for job in jobs.values() if job.lease]
        assert len(machines) == len(set(machines)) <= 3
        assert sum(job.state in HAS_MACHINE for job in jobs.values() if job.plan.job == "test") <= 1
        for job in jobs.values():
            if job.epoch:
                assert all(jobs[need].state.is_over for need in job.plan.needs)

    def jobs(self) -> list[Job]:
        return list(self.rooms.latest.values())

    def teardown(self) -> None:
        try:
            self.settle()
            self.every_write_keeps_the_rules()
        finally:
            self.loop.run_until_complete(self.rooms.close())
            self.loop.close()

    def settle(self) -> None:
        """From wherever it stands, with nobody helping: every job ends, every machine goes."""
        self.rooms.hypervisor.boot_errors.clear()
        for _ in range(60):
            self.do(self.rooms.launcher.launch())
            self.do(self.rooms.reaper.sweep())
            self.do(asyncio.sleep(self.rooms.bounds.boot_limit.total_seconds()))
            if self.rooms.jobs.all_over():
                break
        self.do(self.rooms.reaper.sweep())
        assert self.rooms.jobs.all_over(), self.do(self.rooms.states())
        assert self.do(self.rooms.hypervisor.machines()) == {}


TestJobMachine = JobMachine.TestCase
TestJobMachine.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
