"""What a workflow becomes for one event and one commit: a graph of jobs, every matrix unrolled.

A plan is made of frozen values and holds no secret. Texts that may mention what only finished jobs
know (``needs.*``) are kept as `Template`s and filled in by `solstice.domain.assignment.assign` when
the job is dispatched.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from solstice.domain.scalar import Scalar as Scalar


@dataclass(frozen=True, slots=True)
class Template:
    """A text with ``${{ … }}`` holes, already known to parse and to name only contexts that exist."""

    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """The expression of an ``if``, already known to parse."""

    text: str


class StepKind(Enum):
    """Why a step is there."""

    SETUP = "setup"
    """The job's ``setup``: its failure fails the job before any step."""
    RUN = "run"
    """A ``step`` the author wrote, or the job's script."""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One command. Either ``run`` (a text for the shell) or ``path`` (a file in the checkout) is set."""

    name: str
    kind: StepKind = StepKind.RUN
    run: Template | None = None
    path: str | None = None
    shell: str | None = None
    """``None`` is ``sh -e``; else the program (and its flags) the script is given to."""
    timeout: timedelta | None = None
    allow_failure: bool = False
    condition: Condition | None = None
    """``None`` means ``success()``."""
    env: tuple[tuple[str, Template], ...] = ()


@dataclass(frozen=True, slots=True)
class Resources:
    """What the machine should have; ``None`` leaves it to the size, then to the image.

    ``memory`` and ``disk`` are bytes.
    """

    size: str | None = None
    cpus: int | None = None
    memory: int | None = None
    disk: int | None = None


class Network(Enum):
    """What a machine may reach beside its agent's channel."""

    OUTBOUND = "outbound"
    """The internet; never the host, private ranges or other guests."""
    NONE = "none"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """How the commit comes into the machine."""

    submodules: bool = False
    lfs: bool = False
    depth: int = 1
    """0 is the whole history."""


@dataclass(frozen=True, slots=True)
class ArtifactPlan:
    """Files a job keeps under a name; ``paths`` are globs in the checkout."""

    name: Template
    paths: tuple[Template, ...]
    keep: timedelta | None = None


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """An artifact of jobs this one needs, put into the checkout before the first step.

    ``jobs`` are plan ids. One job: the files land as they were; a matrix: a folder per plan id.
    """

    artifact: Template
    jobs: tuple[str, ...]
    from_matrix: bool = False


@dataclass(frozen=True, slots=True)
class CachePlan:
    """Folders carried from run to run; ``key`` may call ``hash(globs…)``, which the agent evaluates."""

    key: Template
    restore: tuple[Template, ...] = ()
    paths: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """A test report the job leaves behind; ``kind`` is ``junit``."""

    kind: str
    path: Template


@dataclass(frozen=True, slots=True)
class MatrixPlan:
    """The place of a job in its matrix: its combination, and the rules all its siblings share."""

    values: tuple[tuple[str, Scalar], ...]
    fail_fast: bool = True
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One job: the unit that gets one machine.

    ``id`` is unique in the plan (``test-debian-12-3.11``), ``job`` is the id in the file (``test``).
    ``needs`` holds plan ids; ``needs_jobs`` the ids as written.
    """

    id: str
    job: str
    runs_on: str
    steps: tuple[StepPlan, ...]
    matrix: MatrixPlan | None = None
    needs: tuple[str, ...] = ()
    needs_jobs: tuple[str, ...] = ()
    condition: Condition | None = None
    """``None`` means ``success()``: every need succeeded."""
    timeout: timedelta = timedelta(hours=1)
    retries: int = 0
    resources: Resources = field(default_factory=Resources)
    network: Network = Network.OUTBOUND
    env: tuple[tuple[str, Template], ...] = ()
    """The workflow's and the job's, the job's winning."""
    secrets: tuple[str, ...] = ()
    checkout: Checkout | None = field(default_factory=Checkout)
    caches: tuple[CachePlan, ...] = ()
    fetches: tuple[FetchPlan, ...] = ()
    artifacts: tuple[ArtifactPlan, ...] = ()
    reports: tuple[ReportPlan, ...] = ()
    gate: str | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """What happened, as expressions see it: ``event ref branch tag sha repo actor inputs``.

    ``changed`` are the paths the event changed against its base, ``None`` when nobody knows.
    """

    event: str
    sha: str = ""
    ref: str = ""
    branch: str = ""
    tag: str = ""
    repo: str = ""
    actor: str = ""
    inputs: tuple[tuple[str, Scalar], ...] = ()
    changed: tuple[str, ...] | None = None
    pull_request_type: str = ""
    labels: tuple[str, ...] = ()
    base_branch: str = ""


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Pipelines of one group run one after the other."""

    group: str
    cancel_running: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One workflow for one occasion. ``jobs`` stand in an order in which each follows its needs.

    ``skipped`` is the reason why nothing runs (filters that did not match), "" when something does.
    """

    workflow: str
    occasion: Occasion
    jobs: tuple[JobPlan, ...]
    skipped: str = ""
    concurrency: Concurrency | None = None
    priority: int = 0
    left_to_server: tuple[str, ...] = ()
    """One phrase for each thing that only a server does (``schedule``, ``gate "release"``, …)."""
