"""What a dead or silent machine died of, read from the last words on its console."""

import re
from dataclasses import replace

from solstice.domain.reason import Cause, Reason

LAST_LINES = 15
INIT_STARTED = b"solstice-init: started"
AGENT_EXITED = re.compile(rb"solstice-init: agent exited (\S+)")
PANIC = re.compile(rb"Kernel panic - not syncing: ([^\r\n]*)")
OUT_OF_MEMORY = re.compile(rb"Out of memory: Killed process \d+ \(([^)]*)\)")


def diagnose(console: bytes, *, said_hello: bool, machine_ended: bool) -> Reason:
    """Why a machine that should be at work is not; ``console`` is what its serial console said.

    ``said_hello`` tells whether its agent ever opened a session, ``machine_ended`` whether its process
    is gone (else it only is silent). The console's last lines are the reason's detail.
    """
    reason = _find(console, said_hello, machine_ended)
    lines = [line.rstrip() for line in console.decode("utf-8", "replace").splitlines() if line.strip()]
    return replace(reason, detail="\n".join(lines[-LAST_LINES:]))


def _find(console: bytes, said_hello: bool, machine_ended: bool) -> Reason:
    if match := PANIC.search(console):
        return Reason(Cause.KERNEL_PANIC, f"the guest's kernel panicked: {_text(match[1])}")
    if match := OUT_OF_MEMORY.search(console):
        victim = _text(match[1])
        return Reason(Cause.OUT_OF_MEMORY, f"the guest ran out of memory (its kernel killed {victim})")
    if said_hello:
        return _died_at_work(console, machine_ended)
    return _never_came_up(console, machine_ended)


def _died_at_work(console: bytes, machine_ended: bool) -> Reason:
    if match := AGENT_EXITED.search(console):
        return Reason(Cause.AGENT_LOST, f"the agent ended in the middle of the job ({_text(match[1])})")
    if machine_ended:
        return Reason(Cause.MACHINE_LOST, "the machine ended in the middle of the job")
    return Reason(Cause.AGENT_SILENT, "the agent fell silent")


def _never_came_up(console: bytes, machine_ended: bool) -> Reason:
    how = "the machine ended" if machine_ended else "the boot limit passed"
    if match := AGENT_EXITED.search(console):
        return Reason(Cause.NO_AGENT, f"the agent ended before it said hello ({_text(match[1])})")
    if INIT_STARTED in console:
        return Reason(Cause.NO_AGENT, f"init ran, but no agent said hello before {how}")
    if console.strip():
        return Reason(Cause.NO_INIT, f"the kernel spoke, but no init of ours before {how}")
    return Reason(Cause.NO_KERNEL, f"nothing was heard from the guest before {how}")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:200]
