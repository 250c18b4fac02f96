"""What one agent is told to do: a job's plan with every hole filled in and every condition decided."""

from dataclasses import dataclass
from datetime import timedelta

from solstice.domain.plan import Checkout, StepKind


@dataclass(frozen=True, slots=True)
class StepAssignment:
    """One command, ready to run.

    A condition can ask only for what the job's state is when the step's turn comes, so it is decided
    beforehand for each state: ``on_success``, ``on_failure``, ``on_cancel``.
    """

    name: str
    kind: StepKind
    run: str | None
    path: str | None
    shell: str | None
    timeout: timedelta | None
    allow_failure: bool
    on_success: bool
    on_failure: bool
    on_cancel: bool
    env: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A piece of a cache key: a literal text, or globs whose files' digest stands there."""

    literal: str = ""
    globs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CacheAssignment:
    """A cache to restore before the steps and to save after success."""

    key: tuple[KeyPart, ...]
    restore: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArtifactAssignment:
    """Globs, in the checkout, of the files to keep under ``name``."""

    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FetchAssignment:
    """An artifact of job ``job`` (a plan id) to unpack into ``folder`` of the checkout ("" is its root)."""

    artifact: str
    job: str
    folder: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Everything the agent needs to know of its job except the source and the secrets' values."""

    job: str
    """The plan id."""
    steps: tuple[StepAssignment, ...]
    env: tuple[tuple[str, str], ...]
    """What the workflow declared and the ``SOLSTICE_*`` facts; secrets come beside it."""
    secrets: tuple[str, ...]
    checkout: Checkout | None
    timeout: timedelta
    caches: tuple[CacheAssignment, ...] = ()
    fetches: tuple[FetchAssignment, ...] = ()
    artifacts: tuple[ArtifactAssignment, ...] = ()
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """What a finished job of the same plan left for those that need it.

    ``job`` is its id in the file: all combinations of a matrix are one need.
    ``result`` is ``success``, ``failure``, ``cancelled`` or ``skipped``.
    """

    job: str
    result: str
    outputs: tuple[tuple[str, str], ...] = ()
