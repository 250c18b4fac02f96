"""One job from its assignment to its end: the list of its phases, in order."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from solstice.agent.artifacts import Artifacts
from solstice.agent.caches import Caches
from solstice.agent.checkout import Checkout
from solstice.agent.commands import Commands
from solstice.agent.job import PhaseFailed, Standing
from solstice.agent.logs import AGENT, JobLog
from solstice.agent.session import Session
from solstice.agent.steps import Steps
from solstice.agent.transfers import Transfers
from solstice.agent.users import find_user
from solstice.agent.workspace import Workspace
from solstice.wire.agent import messages

log = logging.getLogger(__name__)


class Runner:
    """Runs the job of a session; what comes of it is said through the session."""

    def __init__(self, session: Session, assignment: Any, job_log: JobLog, workdir: Path) -> None:
        self._session = session
        self._assignment = assignment
        self._log = job_log
        self._workdir = workdir
        self._standing = Standing(asyncio.get_running_loop().create_future())

    async def run(self) -> None:
        """All phases, then `JobEnd`; nothing that goes wrong in the job is raised."""
        timer = self._watch_the_clock()
        self._session.cancelled.add_done_callback(self._cancel)
        try:
            await self._run_phases()
        except Exception as error:
            log.exception("the job broke the agent")
            self._standing.fail(f"the agent failed: {error!r}")
        finally:
            if timer is not None:
                timer.cancel()
        self._log.finish()
        self._session.outbox.post(
            job_end=messages.JobEnd(result=self._standing.result(), reason=self._standing.reason)
        )

    async def _run_phases(self) -> None:
        self._log.begin(AGENT)
        try:
            workspace = Workspace(self._workdir, find_user(self._assignment.user))
            workspace.create()
        except (LookupError, OSError) as error:
            self._log.say(f"[solstice: {error}]")
            self._standing.fail(str(error))
            return
        transfers = Transfers(self._session)
        checkout = Checkout(
            self._assignment.source, Commands(workspace, self._log, self._standing), transfers
        )
        artifacts = Artifacts(workspace, transfers, self._log)
        caches = Caches(workspace, transfers, self._log)
        steps = Steps(self._assignment, workspace, self._session.outbox, self._log, self._standing)
        job = self._assignment
        # A cache that is keyed by files of the checkout needs them; a step may overwrite what is fetched.
        await self._phase("checkout", checkout.run, when=job.source.WhichOneof("kind") is not None)
        await self._phase("cache-restore", lambda: caches.restore(job.caches), when=bool(job.caches))
        await self._phase("fetch", lambda: artifacts.fetch(job.fetches), when=bool(job.fetches))
        await steps.run()
        await self._phase("cache-save", lambda: caches.save(job.caches), when=bool(job.caches))
        await self._phase(
            "artifacts", lambda: artifacts.keep(job.artifacts), when=bool(job.artifacts), last=True
        )
        await self._phase(
            "reports", lambda: artifacts.keep_reports(job.reports), when=bool(job.reports), last=True
        )

    async def _phase(
        self, name: str, work: Callable[[], Coroutine[Any, Any, None]], *, when: bool, last: bool = False
    ) -> None:
        """One phase beside the steps: timed, and its failure is the job's.

        It is left out once the job has failed or was called off, except for ``last`` ones, which then have
        the rest of the grace.
        """
        if not when or (not last and (self._standing.failed or self._standing.stopped_as is not None)):
            return
        began = time.monotonic()
        self._log.begin(AGENT)
        try:
            await self._standing.bound(work(), last=last)
        except (PhaseFailed, OSError, ValueError) as failure:
            self._log.say(f"[solstice: {failure}]")
            self._standing.fail(str(failure))
        self._log.finish()
        duration = round((time.monotonic() - began) * 1000)
        self._session.outbox.post(phase_finished=messages.PhaseFinished(phase=name, duration_ms=duration))

    def _watch_the_clock(self) -> asyncio.TimerHandle | None:
        seconds = self._assignment.timeout_ms / 1000
        if not seconds:
            return None
        reason = f"the job ran out of its {seconds:g} s"
        return asyncio.get_running_loop().call_later(
            seconds, self._standing.call_off, messages.JOB_RESULT_TIMED_OUT, reason
        )

    def _cancel(self, cancelled: "asyncio.Future[str]") -> None:
        if not cancelled.cancelled():
            self._standing.call_off(messages.JOB_RESULT_CANCELLED, cancelled.result())
