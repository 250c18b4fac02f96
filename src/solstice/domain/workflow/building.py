"""From nodes that were read without a mistake to the values of a workflow."""

from datetime import timedelta

from solstice.domain.plan import (
    ArtifactPlan,
    CachePlan,
    Checkout,
    Condition,
    Network,
    ReportPlan,
    StepKind,
    StepPlan,
    Template,
)
from solstice.domain.workflow.declarations import describe_input
from solstice.domain.workflow.matrices import build_matrix
from solstice.domain.workflow.values import (
    Environment,
    Fetch,
    Grouping,
    Input,
    Job,
    Manual,
    Placed,
    PullRequest,
    Push,
    Schedule,
    Trigger,
    WantedResources,
    Workflow,
)
from solstice.domain.workflow.written import Reading

_LONGEST_STEP_NAME = 48


def build_workflow(reading: Reading, file_name: str) -> Workflow:
    """Build the workflow; ``file_name`` names it where its author did not."""
    concurrency = reading.child("concurrency")
    triggers = tuple(build_trigger(on) for on in reading.all("on"))
    return Workflow(
        name=reading.one("name", str) or file_name,
        jobs=tuple(_Builder(reading, job).build() for job in reading.all("job")),
        triggers=triggers,
        concurrency=_build_grouping(concurrency) if concurrency else None,
        priority=reading.one("priority", int) or 0,
        inputs=tuple(item for on in triggers if isinstance(on, Manual) for item in on.inputs),
    )


def build_trigger(on: Reading) -> Trigger:
    """Build one ``on`` node."""
    branches, paths = on.many("branches", str), on.many("paths", str)
    match on.one("event", str):
        case "push":
            return Push(branches, paths, on.many("tags", str))
        case "pull_request":
            return PullRequest(branches, paths, on.many("types", str), on.many("labels", str))
        case "schedule":
            return Schedule(on.one("cron", str) or "", on.one("timezone", str) or "UTC")
        case _:
            return Manual(tuple(build_input(item) for item in on.all("input")))


def build_input(reading: Reading) -> Input:
    """Build one input."""
    default, choices, type_ = describe_input(reading)
    return Input(
        name=reading.one("name", str) or "",
        type=type_,
        default=default,
        choices=choices,
        required=reading.one("required", bool) or False,
        description=reading.one("description", str) or "",
    )


class _Builder:
    """Builds one job with what the workflow says for all of them."""

    def __init__(self, workflow: Reading, job: Reading) -> None:
        self.workflow = workflow
        self.job = job
        self.defaults = workflow.child("defaults") or Reading(workflow.node)

    def build(self) -> Job:
        job = self.job
        matrix, resources = job.child("matrix"), job.child("resources")
        return Job(
            id=job.one("id", str) or "",
            span=job.node.name_span,
            steps=self._steps(),
            runs_on=_placed(job, "runs_on") or _placed(self.defaults, "runs_on"),
            matrix=build_matrix(matrix) if matrix else None,
            needs=tuple(dict.fromkeys(job.many("needs", str))),
            condition=_condition(job),
            timeout=job.one("timeout", timedelta)
            or self.defaults.one("timeout", timedelta)
            or timedelta(hours=1),
            retries=self._retries(),
            resources=_build_resources(resources) if resources else WantedResources(),
            network=Network(job.one("network", str) or self.defaults.one("network", str) or "outbound"),
            env=_merge(_environment(self.workflow), _environment(job)),
            secrets=tuple(dict.fromkeys(job.many("secrets", str))),
            checkout=_build_checkout(job.child("checkout") or self.workflow.child("checkout")),
            caches=tuple(_build_cache(item) for item in job.all("cache")),
            fetches=tuple(_build_fetch(item) for item in job.all("fetch")),
            artifacts=tuple(_build_artifact(item) for item in job.all("artifact")),
            reports=tuple(ReportPlan("junit", _template(item, "junit")) for item in job.all("report")),
            gate=job.one("gate", str),
        )

    def _retries(self) -> int:
        own = self.job.one("retries", int)
        return own if own is not None else self.defaults.one("retries", int) or 0

    def _steps(self) -> tuple[StepPlan, ...]:
        setup, script = self.job.child("setup"), self.job.one("script", str)
        steps = [StepPlan("setup", StepKind.SETUP, path=setup.one("path", str))] if setup else []
        if script:
            steps.append(StepPlan(script, path=script))
        steps += [self._step(item) for item in self.job.all("step")]
        return tuple(steps)

    def _step(self, reading: Reading) -> StepPlan:
        run = reading.one("run", str) or ""
        return StepPlan(
            name=reading.one("name", str) or _first_words(run),
            run=Template(run),
            shell=reading.one("shell", str) or self.defaults.one("shell", str),
            timeout=reading.one("timeout", timedelta),
            allow_failure=reading.one("allow_failure", bool) or False,
            condition=_condition(reading),
            env=_environment(reading),
        )


def _first_words(command: str) -> str:
    line = next((line for line in command.splitlines() if line.strip()), "")
    words = "".join(char for char in " ".join(line.split()) if char.isprintable())
    if len(words) <= _LONGEST_STEP_NAME:
        return words or "step"
    return words[: words.rfind(" ", 1, _LONGEST_STEP_NAME)].rstrip()[:_LONGEST_STEP_NAME] + " …"


def _environment(reading: Reading) -> Environment:
    env = reading.child("env")
    pairs = ((entry.name, entry.values) for entry in env.entries) if env else ()
    return tuple((name, Template(str(values[0].value))) for name, values in pairs if values)


def _merge(outer: Environment, inner: Environment) -> Environment:
    return tuple({**dict(outer), **dict(inner)}.items())


def _template(reading: Reading, name: str) -> Template:
    return Template(reading.one(name, str) or "")


def _templates(reading: Reading, name: str) -> tuple[Template, ...]:
    return tuple(map(Template, reading.many(name, str)))


def _condition(reading: Reading) -> Condition | None:
    text = reading.one("if", str)
    return Condition(text) if text else None


def _placed(reading: Reading, name: str) -> Placed | None:
    """A text that planning fills in; a value that is none already is what it will be."""
    written = reading.written(name)
    return Placed(written.value, written.span) if written and isinstance(written.value, str) else None


def _build_grouping(reading: Reading) -> Grouping | None:
    group = _placed(reading, "group")
    return Grouping(group, reading.one("cancel_running", bool) or False) if group else None


def _build_resources(reading: Reading) -> WantedResources:
    return WantedResources(
        size=_placed(reading, "size"),
        cpus=_placed(reading, "cpus") or reading.one("cpus", int),
        memory=_placed(reading, "memory") or reading.one("memory", int),
        disk=_placed(reading, "disk") or reading.one("disk", int),
    )


def _build_checkout(reading: Reading | None) -> Checkout | None:
    if reading is None:
        return Checkout()
    if reading.one("wanted", bool) is False:
        return None
    depth = reading.one("depth", int)
    return Checkout(
        submodules=reading.one("submodules", bool) or False,
        lfs=reading.one("lfs", bool) or False,
        depth=1 if depth is None else depth,
    )


def _build_cache(reading: Reading) -> CachePlan:
    return CachePlan(
        _template(reading, "key"),
        _templates(reading, "restore"),
        _templates(reading, "path"),
    )


def _build_fetch(reading: Reading) -> Fetch:
    return Fetch(_template(reading, "artifact"), reading.one("from", str) or "")


def _build_artifact(reading: Reading) -> ArtifactPlan:
    name, paths = _template(reading, "name"), _templates(reading, "path")
    return ArtifactPlan(name, paths, reading.one("keep", timedelta))
