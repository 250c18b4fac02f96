"""Why a job waits and why it ended: a closed set, each with whose fault it is."""

from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """Who has to act, if anybody."""

    AUTHOR = "author"
    """The code or its workflow."""
    INFRASTRUCTURE = "infrastructure"
    """Us: the machine, the host, the network. Never makes a commit red without saying so."""
    PERSON = "person"
    """Somebody decided."""
    NOBODY = "nobody"
    """It is how things are meant to go."""


class Cause(Enum):
    """The closed set; the value is the stable word, the fault stands beside it."""

    def __init__(self, word: str, fault: Fault) -> None:
        self.word = word
        self.fault = fault

    # why it waits
    NEEDS = ("needs-job", Fault.NOBODY)
    """Jobs it needs are not over."""
    NO_ROOM = ("no-room", Fault.NOBODY)
    """The host's cores, memory or the limit of jobs are taken."""
    MAX_PARALLEL = ("max-parallel", Fault.NOBODY)
    """Its matrix runs as many jobs at once as it may."""
    IMAGE_COMING = ("image-coming", Fault.NOBODY)
    """Its image is being built or fetched."""
    RETRY = ("retry", Fault.NOBODY)
    """An earlier attempt ended; another is to come."""

    # why it ended: the author's
    STEP_FAILED = ("step-failed", Fault.AUTHOR)
    CHECKOUT_FAILED = ("checkout-failed", Fault.AUTHOR)
    ARTIFACT_MISSING = ("artifact-missing", Fault.AUTHOR)
    TIMEOUT = ("timeout", Fault.AUTHOR)
    NEEDS_NOT_MET = ("needs-not-met", Fault.AUTHOR)
    CONDITION_FALSE = ("condition-false", Fault.NOBODY)
    FAIL_FAST = ("fail-fast", Fault.AUTHOR)
    """A sibling in its matrix failed."""
    ASSIGNMENT_FAILED = ("assignment-failed", Fault.AUTHOR)
    """An expression could not be evaluated when the job's turn came."""

    # a person's
    CANCELLED = ("cancelled", Fault.PERSON)
    INTERRUPTED = ("interrupted", Fault.PERSON)

    # ours
    IMAGE_FAILED = ("image-failed", Fault.INFRASTRUCTURE)
    BOOT_FAILED = ("boot-failed", Fault.INFRASTRUCTURE)
    KERNEL_PANIC = ("kernel-panic", Fault.INFRASTRUCTURE)
    NO_INIT = ("no-init", Fault.INFRASTRUCTURE)
    """The kernel started, but nothing of ours spoke after it."""
    NO_AGENT = ("no-agent", Fault.INFRASTRUCTURE)
    """The image's init ran, but the agent never said hello."""
    NO_KERNEL = ("no-kernel", Fault.INFRASTRUCTURE)
    """Nothing at all was heard from the machine."""
    OUT_OF_MEMORY = ("out-of-memory", Fault.INFRASTRUCTURE)
    MACHINE_LOST = ("machine-lost", Fault.INFRASTRUCTURE)
    """The machine's process ended under a running job."""
    AGENT_LOST = ("agent-lost", Fault.INFRASTRUCTURE)
    """The agent ended in the middle of the job, the machine did not."""
    AGENT_SILENT = ("agent-silent", Fault.INFRASTRUCTURE)
    INTERNAL = ("internal", Fault.INFRASTRUCTURE)


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause with its evidence: one line for people (``step "unit" exited with 1``).

    ``detail`` is what a person may read on: more lines, such as the end of a build's output.
    """

    cause: Cause
    evidence: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return self.evidence or self.cause.word
