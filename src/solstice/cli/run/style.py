"""How a state looks in a terminal: a symbol, a colour, a word; colour means state and nothing else."""

import unicodedata
from dataclasses import dataclass
from enum import Enum

from solstice.cli.run.ansi import RESET
from solstice.domain.job import Job, JobState, StepState
from solstice.domain.reason import Fault

_PREFIX_COLOURS = (67, 108, 139, 144, 73, 137, 110, 103)
"""Of the 256-colour palette: calm, apart from each other, and none of the colours of a state."""


class Look(Enum):
    """A symbol, what stands for it where the terminal cannot print it, and its colour (SGR)."""

    SUCCEEDED = ("✓", "+", "32")
    FAILED = ("✕", "x", "31")
    OUR_FAULT = ("⚠", "!", "35")
    RUNNING = ("●", "*", "34")
    WAITING = ("◷", "~", "33")
    SKIPPED = ("⊘", "-", "90")
    CANCELLED = ("■", "#", "90")
    NOTE = ("·", "=", "90")
    WARNING = ("⚠", "!", "33")


_OF_JOB = {
    JobState.BLOCKED: Look.WAITING,
    JobState.QUEUED: Look.WAITING,
    JobState.STARTING: Look.RUNNING,
    JobState.RUNNING: Look.RUNNING,
    JobState.SUCCEEDED: Look.SUCCEEDED,
    JobState.FAILED: Look.FAILED,
    JobState.TIMED_OUT: Look.FAILED,
    JobState.CANCELLED: Look.CANCELLED,
    JobState.SKIPPED: Look.SKIPPED,
}
_OF_STEP = {
    StepState.WAITING: Look.WAITING,
    StepState.RUNNING: Look.RUNNING,
    StepState.SUCCEEDED: Look.SUCCEEDED,
    StepState.FAILED: Look.FAILED,
    StepState.TIMED_OUT: Look.FAILED,
    StepState.SKIPPED: Look.SKIPPED,
    StepState.CANCELLED: Look.CANCELLED,
}


def look_of_job(job: Job) -> Look:
    """How a job looks: red only where the author has to act."""
    look = _OF_JOB[job.state]
    ours = job.reason is not None and job.reason.cause.fault is Fault.INFRASTRUCTURE
    return Look.OUR_FAULT if ours and look is Look.FAILED else look


def look_of_step(state: StepState) -> Look:
    """How a step looks."""
    return _OF_STEP[state]


@dataclass(frozen=True, slots=True)
class Style:
    """What the stream can show."""

    colour: bool
    symbols: bool
    """Whether it can print more than ASCII."""

    def paint(self, text: str, sgr: str) -> str:
        """Colour a text, where colour is wanted."""
        return f"\x1b[{sgr}m{text}{RESET}" if self.colour and text else text

    def symbol(self, look: Look) -> str:
        """A state's symbol in its colour."""
        shape, plain, sgr = look.value
        return self.paint(shape if self.symbols else plain, sgr)

    def state(self, text: str, look: Look) -> str:
        """A text in a state's colour."""
        return self.paint(text, look.value[2])

    def faint(self, text: str) -> str:
        """A text that may be overlooked."""
        return self.paint(text, "90")

    def strong(self, text: str) -> str:
        """A text that should not be."""
        return self.paint(text, "1")

    def prefix(self, text: str, index: int) -> str:
        """A job's name in its own quiet colour."""
        return self.paint(text, f"38;5;{_PREFIX_COLOURS[index % len(_PREFIX_COLOURS)]}")


def measure(text: str) -> int:
    """How many columns a text without escapes takes, rather one too many than one too few."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def fit(text: str, width: int) -> str:
    """Cut a text without escapes to ``width`` columns, the last one being an ellipsis if it was cut."""
    if width <= 0:
        return ""
    if measure(text) <= width:
        return text
    kept, left = [], width - 1
    for char in text:
        left -= _columns(char)
        if left < 0:
            break
        kept.append(char)
    return "".join(kept) + "…"


def pad(text: str, width: int) -> str:
    """Fill a text without escapes with spaces up to ``width`` columns."""
    return text + " " * (width - measure(text))


def _columns(char: str) -> int:
    if char == "\ufe0f":  # turns the character before it into an emoji, one column wider
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
