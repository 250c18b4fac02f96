"""A workflow as its author meant it: frozen values, defaults filled in, nothing decided yet."""

from dataclasses import dataclass, field
from datetime import timedelta

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.matrix import Matrix
from solstice.domain.plan import (
    ArtifactPlan,
    CachePlan,
    Checkout,
    Condition,
    Network,
    ReportPlan,
    Scalar,
    StepPlan,
    Template,
)

Environment = tuple[tuple[str, Template], ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A template that planning fills in, and where to point when that fails."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Push:
    """A push of a branch or a tag. Empty filters let everything through."""

    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A change of a pull request; ``branches`` are those it would be merged into."""

    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five cron fields in a time zone."""

    cron: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Input:
    """What a person may fill in; ``type`` is ``string``, ``number`` or ``boolean``."""

    name: str
    type: str = "string"
    default: Scalar = None
    choices: tuple[Scalar, ...] = ()
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Manual:
    """A person's (or a program's) request."""

    inputs: tuple[Input, ...] = ()


Trigger = Push | PullRequest | Schedule | Manual


@dataclass(frozen=True, slots=True)
class Fetch:
    """An artifact of job ``job``, an id as written."""

    artifact: Template
    job: str


@dataclass(frozen=True, slots=True)
class WantedResources:
    """What the machine should have, as written: a value, or a template that makes one."""

    size: Placed | None = None
    cpus: int | Placed | None = None
    memory: int | Placed | None = None
    disk: int | Placed | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job before its matrix is unrolled; the workflow's defaults are already in it."""

    id: str
    span: Span
    steps: tuple[StepPlan, ...]
    runs_on: Placed | None = None
    matrix: Matrix | None = None
    needs: tuple[str, ...] = ()
    condition: Condition | None = None
    timeout: timedelta = timedelta(hours=1)
    retries: int = 0
    resources: WantedResources = field(default_factory=WantedResources)
    network: Network = Network.OUTBOUND
    env: Environment = ()
    secrets: tuple[str, ...] = ()
    checkout: Checkout | None = field(default_factory=Checkout)
    caches: tuple[CachePlan, ...] = ()
    fetches: tuple[Fetch, ...] = ()
    artifacts: tuple[ArtifactPlan, ...] = ()
    reports: tuple[ReportPlan, ...] = ()
    gate: str | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """The concurrency of a workflow before its group is known."""

    group: Placed
    cancel_running: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow without mistakes. No trigger at all means pushes and pull requests."""

    name: str
    jobs: tuple[Job, ...]
    triggers: tuple[Trigger, ...] = ()
    concurrency: Grouping | None = None
    priority: int = 0
    inputs: tuple[Input, ...] = ()
    """What its manual triggers ask for, kept beside them: expressions know the defaults on every event."""


@dataclass(frozen=True, slots=True)
class ReadWorkflow:
    """What reading a file came to. With an error among the diagnostics there is no workflow."""

    workflow: Workflow | None
    diagnostics: tuple[Diagnostic, ...] = ()
