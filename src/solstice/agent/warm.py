"""What a template does before it is saved: a whole job in a scratch folder, with no host to hear of it."""

import asyncio
import contextlib
import gc
import hashlib
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solstice.agent.connection import Doorway
from solstice.agent.facts import read_facts
from solstice.agent.logs import JobLog
from solstice.agent.processes import sweep
from solstice.agent.rehearsal import RehearsalHost
from solstice.agent.runner import Runner
from solstice.agent.session import Session
from solstice.agent.shell import Process
from solstice.agent.users import User, find_user
from solstice.domain.masking import Masker
from solstice.wire.agent import messages
from solstice.wire.handshake import Prepare, go_line, prepare_line

log = logging.getLogger(__name__)

_SECONDS = 30.0
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")
_EVERYTHING = "3"
_GIT = (
    "git",
    "-c",
    "user.name=solstice",
    "-c",
    "user.email=solstice@localhost",
    "-c",
    "init.defaultBranch=main",
)
_STEP = "command -v git python3 tar gzip make cc > /dev/null || true; echo rehearsed"


@dataclass(frozen=True, slots=True)
class _Source:
    """A bundle of one commit, as a host would send it."""

    commit: str
    bundle: bytes


def walk_warm_paths(workdir: Path, user: str) -> None:
    """Do a job that leaves nothing, so that its code, its programs and its libraries are in memory.

    Whatever goes wrong only costs later jobs some time, so it is logged and no more.
    """
    asyncio.run(rehearse(workdir, user))
    gc.collect()
    os.sync()


async def rehearse(workdir: Path, user: str) -> None:
    """The job of `walk_warm_paths` alone: what an emulator has translated of it is only in the memory of
    the process that emulates, so each machine that stands by does it for itself."""
    scratch = workdir.with_name(f"{workdir.name}-rehearsal")
    try:
        await _rehearse(scratch, user)
    except Exception:
        log.warning("the rehearsal was broken off, so jobs are a little slower", exc_info=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def empty_caches() -> None:
    """Give back what the boot alone needed: a template would keep it for nothing."""
    os.sync()
    with contextlib.suppress(OSError):
        _DROP_CACHES.write_text(_EVERYTHING, "ascii")


async def _rehearse(scratch: Path, user: str) -> None:
    async with asyncio.timeout(_SECONDS):
        source = await _make_source(scratch, find_user(user)) if shutil.which("git") else None
        result = await _run_job(_assignment(user, source), source.bundle if source else b"", scratch)
        if result != messages.JOB_RESULT_SUCCEEDED:
            log.warning("the rehearsed job ended as %s", result)


async def _make_source(scratch: Path, user: User) -> _Source:
    folder = scratch / "source"
    folder.mkdir(parents=True)
    user.own(folder)
    await _git(folder, user, "init", "--quiet", ".")
    await _git(folder, user, "commit", "--quiet", "--allow-empty", "--message", "rehearsal")
    await _git(folder, user, "bundle", "create", "--quiet", "bundle", "refs/heads/main")
    commit = (folder / ".git/refs/heads/main").read_text("ascii").strip()
    return _Source(commit, (folder / "bundle").read_bytes())


async def _git(folder: Path, user: User, *words: str) -> None:
    said = bytearray()

    async def take(data: bytes) -> None:
        said.extend(data)

    process = Process((*_GIT, *words), cwd=folder, env=user.environment(), user=user, sweep=sweep)
    ending = await process.run(take)
    if ending.exit_code or ending.signal:
        raise OSError(f"git {words[0]}: {said.decode(errors='replace').strip()}")


def _assignment(user: str, source: _Source | None) -> Any:
    assignment = messages.Assignment(
        job="rehearsal", session="rehearsal", user=user, env={"REHEARSAL": "true"}
    )
    for shell in ("", "bash") if shutil.which("bash") else ("",):
        assignment.steps.append(
            messages.Step(
                name="rehearsal", run=_STEP + " > kept", shell=shell, on_success=True, timeout_ms=30_000
            )
        )
    assignment.artifacts.append(messages.Artifact(name="rehearsal", paths=["kept"]))
    if source:
        assignment.source.commit = source.commit
        assignment.source.bundle.size = len(source.bundle)
        assignment.source.bundle.sha256 = hashlib.sha256(source.bundle).hexdigest()
        assignment.source.bundle.ref = "refs/heads/main"
    return assignment


async def _run_job(assignment: Any, bundle: bytes, scratch: Path) -> Any:
    """The result of a job that a host in this process assigns."""
    session = Session(read_facts, "rehearsal")
    doorway = Doorway(lambda words: None, session.use_link)
    host = RehearsalHost(assignment, bundle, doorway.data_received)
    doorway.connection_made(host)
    doorway.data_received(prepare_line("0", Prepare(0.0, bytes(32), "", "", "")))
    doorway.data_received(go_line("0"))
    conversing = asyncio.create_task(session.run())
    try:
        job = await session.assignment
        job_log = JobLog(session.outbox, Masker(()), job.log_limit_bytes)
        await Runner(session, job, job_log, scratch / "job").run()
        await conversing
        return host.result
    finally:
        conversing.cancel()
        await asyncio.gather(conversing, return_exceptions=True)
        doorway.connection_lost(None)
