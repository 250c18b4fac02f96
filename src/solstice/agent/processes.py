"""Finding and ending the processes a step leaves behind, however they tried to escape."""

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_SWEEP_SECONDS = 5.0


def take_precedence() -> None:
    """Run before whatever the job runs, where the system lets us: a job that takes every turn of the
    processor must not keep its agent from saying so. What we start is ordinary again."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def adopt_orphans() -> bool:
    """Become the parent of every orphaned descendant, so that a daemon can be found; Linux only."""
    if sys.platform != "linux":
        return False
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError) as error:
        log.warning("daemons that a step leaves behind cannot be found: %s", error)
        return False


def kill_group(group: int, signal_number: int) -> None:
    """Signal a process group; one that is gone is as good as signalled."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal_number)


def kill_descendants(spare: int, seconds: float) -> int:
    """Kill every descendant of this process except ``spare``; how many live on after ``seconds``.

    Whole groups are killed at once, which a fork bomb does not outrun; a chain of processes that each
    fork, leave their group and end may, so there is a limit.
    """
    deadline = time.monotonic() + seconds
    # Orphans are adopted, so whatever is left of a step hangs below a child of ours.
    while _children() != {spare}:
        found = {pid: group for pid, group, alive in _descendants() if pid != spare and alive}
        if not found:
            _reap(spare)
            return 0
        own = os.getpgrp()
        for group in set(found.values()) - {own}:
            kill_group(group, signal.SIGKILL)
        for pid, group in found.items():
            if group == own:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        _reap(spare)
        if time.monotonic() > deadline:
            return len(found)
    return 0


def reap_orphans(spare: int) -> None:
    """Take the orphans that died meanwhile, or a step that makes many would use up all process numbers."""
    with contextlib.suppress(ChildProcessError, AttributeError):
        while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if dead.si_pid == spare:
                return
            os.waitpid(dead.si_pid, os.WNOHANG)


def _reap(spare: int) -> None:
    """Take the dead that were left to us, but not the one whose end somebody waits for."""
    me = os.getpid()
    for pid, parent, _, alive in list(_processes()):
        if parent == me and pid != spare and not alive:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _children() -> set[int] | None:
    """The processes directly below this one, dead ones too; ``None`` where the kernel does not list them."""
    try:
        lists = [path.read_text("ascii") for path in _PROC.glob("self/task/*/children")]
    except OSError:
        return None
    return {int(pid) for line in lists for pid in line.split()} if lists else None


def _descendants() -> Iterator[tuple[int, int, bool]]:
    """(pid, process group, alive) of every process below this one."""
    table = list(_processes())
    known = {os.getpid()}
    grown = True
    while grown:
        below = {pid for pid, parent, _, _ in table if parent in known}
        grown = not below <= known
        known |= below
    known.discard(os.getpid())
    return ((pid, group, alive) for pid, _, group, alive in table if pid in known)


def _processes() -> Iterator[tuple[int, int, int, bool]]:
    """(pid, parent, process group, alive) of every process there is; nothing where there is no /proc."""
    try:
        names = [entry.name for entry in _PROC.iterdir() if entry.name.isdigit()]
    except OSError:
        return
    for name in names:
        try:
            stat = (_PROC / name / "stat").read_bytes()
        except OSError:
            continue
        # The command's name may hold anything, even ") R 1 1": only the last parenthesis ends it.
        fields = stat[stat.rfind(b")") + 2 :].split()
        yield int(name), int(fields[1]), int(fields[2]), fields[0] not in (b"Z", b"X")


def sweep(spare: int) -> int:
    """What a step's end does with its leftovers: `kill_descendants` with the patience of a job."""
    return kill_descendants(spare, _SWEEP_SECONDS)
