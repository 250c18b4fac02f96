"""What a console's last words say of a machine's end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.domain.diagnosis import diagnose
from solstice.domain.reason import Cause, Fault

PANIC = b"[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n"
OOM = b"[99.1] Out of memory: Killed process 812 (cc1plus) total-vm:1kB\r\n"
INIT = b"solstice-init: started\r\n"
GONE = b"solstice-init: agent exited 137\r\n"


@pytest.mark.parametrize(
    ("console", "said_hello", "machine_ended", "cause", "words"),
    [
        (b"", False, False, Cause.NO_KERNEL, "nothing was heard from the guest before the boot limit passed"),
        (b" \r\n", False, True, Cause.NO_KERNEL, "nothing was heard from the guest before the machine ended"),
        (b"Linux 6.1", False, False, Cause.NO_INIT, "no init of ours"),
        (INIT, False, True, Cause.NO_AGENT, "init ran, but no agent said hello"),
        (INIT + GONE, False, True, Cause.NO_AGENT, "the agent ended before it said hello (137)"),
        (PANIC, False, True, Cause.KERNEL_PANIC, "Unable to mount root fs"),
        (INIT + PANIC, True, True, Cause.KERNEL_PANIC, "panicked"),
        (INIT + OOM, True, False, Cause.OUT_OF_MEMORY, "cc1plus"),
        (INIT + OOM + GONE, True, True, Cause.OUT_OF_MEMORY, "cc1plus"),
        (INIT + GONE, True, True, Cause.AGENT_LOST, "137"),
        (INIT, True, True, Cause.MACHINE_LOST, "the machine ended in the middle of the job"),
        (INIT, True, False, Cause.AGENT_SILENT, "fell silent"),
    ],
)
def test_the_last_words_name_the_cause(
    console: bytes, said_hello: bool, machine_ended: bool, cause: Cause, words: str
) -> None:
    reason = diagnose(console, said_hello=said_hello, machine_ended=machine_ended)
    assert reason.cause is cause
    assert words in reason.evidence


@given(st.binary(max_size=2000), st.booleans(), st.booleans())
def test_whatever_a_guest_prints_the_fault_is_ours_and_the_evidence_is_short(
    noise: bytes, said_hello: bool, machine_ended: bool
) -> None:
    console = noise + b"Kernel panic - not syncing: " + noise * 3
    for words in (noise, console):
        reason = diagnose(words, said_hello=said_hello, machine_ended=machine_ended)
        assert reason.cause.fault is Fault.INFRASTRUCTURE
        assert 0 < len(reason.evidence) < 300
        assert "\n" not in reason.evidence
