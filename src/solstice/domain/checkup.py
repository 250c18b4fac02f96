"""What was found about one thing this computer needs to run jobs, and what to do if it is missing."""

from dataclasses import dataclass
from enum import Enum


class CheckState(Enum):
    """How well a need is met."""

    OK = "ok"
    WARN = "warn"
    """Jobs run, but slower or with less."""
    FAIL = "fail"
    """No job can run."""


@dataclass(frozen=True, slots=True)
class Check:
    """One need: ``found`` says what is there, ``remedy`` what to do about it ("" if nothing has to be)."""

    name: str
    state: CheckState
    found: str
    remedy: str = ""
