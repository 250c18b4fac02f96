"""The workflow language as one table: every node, what it holds and what its values must be."""

from solstice.domain.workflow.grammar import Child, Entries, NodeSpec, Slot, children, slots
from solstice.domain.workflow.kinds import (
    ARTIFACT,
    AXIS,
    BOOLEAN,
    CPUS,
    CRON,
    DURATION,
    ENVIRONMENT,
    GLOB,
    GROUP,
    ID,
    JOB_CONDITION,
    KEY,
    LABEL,
    NAME,
    PATH,
    SCALAR,
    SCRIPT,
    SHELL,
    SIZE,
    SIZE_NAME,
    STEP_CONDITION,
    TEMPLATE,
    TEXT,
    TIMEZONE,
    WORD,
    choice,
    whole_number,
)

PULL_REQUEST_TYPES = (
    "opened",
    "synchronize",
    "reopened",
    "edited",
    "closed",
    "labeled",
    "unlabeled",
    "ready_for_review",
    "converted_to_draft",
)
EVENTS = ("push", "pull_request", "schedule", "manual")
INPUT_TYPES = ("string", "number", "boolean")
NETWORK = choice("outbound", "none")
RETRIES = whole_number(0, 10)

_FOREIGN_IN_JOB = {
    "environment": "env",
    "variables": "env",
    "image": "runs_on",
    "container": "runs_on",
    "depends_on": "needs",
    "when": "if",
    "strategy": "matrix",
    "artifacts": "artifact",
    "steps": "write each step as a `step` of the job",
    "name": "a job is called by its `id`",
}
_FOREIGN_IN_STEP = {
    "environment": "env",
    "command": "run",
    "commands": "run",
    "script": "run",
    "when": "if",
    "continue_on_error": "allow_failure",
    "continue-on-error": "allow_failure",
    "working_directory": "begin the command with `cd`",
    "working-directory": "begin the command with `cd`",
    "uses": "there are no actions to use; run a command",
    "with": "there are no actions to use; run a command",
}
_ENV = NodeSpec("env", entries=Entries(WORD, ENVIRONMENT))
_EVENT = Slot("event", choice(*EVENTS), required=True)

_PUSH = NodeSpec(
    "on",
    arguments=(_EVENT,),
    slots=slots(
        Slot("branches", GLOB, many=True),
        Slot("paths", GLOB, many=True),
        Slot("tags", GLOB, many=True),
    ),
)
_PULL_REQUEST = NodeSpec(
    "on",
    arguments=(_EVENT,),
    slots=slots(
        Slot("branches", GLOB, many=True),
        Slot("paths", GLOB, many=True),
        Slot("types", choice(*PULL_REQUEST_TYPES), many=True),
        Slot("labels", TEXT, many=True),
    ),
)
_SCHEDULE = NodeSpec(
    "on",
    arguments=(_EVENT,),
    slots=slots(Slot("cron", CRON, required=True), Slot("timezone", TIMEZONE)),
)
_INPUT = NodeSpec(
    "input",
    arguments=(Slot("name", AXIS, required=True),),
    slots=slots(
        Slot("default", SCALAR),
        Slot("type", choice(*INPUT_TYPES)),
        Slot("choices", SCALAR, many=True),
        Slot("required", BOOLEAN),
        Slot("description", TEXT),
    ),
)
_MANUAL = NodeSpec("on", arguments=(_EVENT,), children=children(Child(_INPUT, many=True)))
_ON = NodeSpec(
    "on",
    arguments=(_EVENT,),
    variants={"push": _PUSH, "pull_request": _PULL_REQUEST, "schedule": _SCHEDULE, "manual": _MANUAL},
)

_CONCURRENCY = NodeSpec(
    "concurrency",
    slots=slots(Slot("group", GROUP, required=True), Slot("cancel_running", BOOLEAN)),
)
_DEFAULTS = NodeSpec(
    "defaults",
    slots=slots(
        Slot("runs_on", LABEL),
        Slot("timeout", DURATION),
        Slot("retries", RETRIES),
        Slot("network", NETWORK),
        Slot("shell", SHELL),
    ),
)
_CHECKOUT = NodeSpec(
    "checkout",
    arguments=(Slot("wanted", BOOLEAN),),
    slots=slots(
        Slot("submodules", BOOLEAN),
        Slot("lfs", BOOLEAN),
        Slot("depth", whole_number(0, 1_000_000)),
    ),
)

_COMBINATION = Entries(AXIS, SCALAR, most=32)
_MATRIX = NodeSpec(
    "matrix",
    slots=slots(Slot("fail_fast", BOOLEAN), Slot("max_parallel", whole_number(1, 256))),
    children=children(
        Child(NodeSpec("include", entries=_COMBINATION), many=True),
        Child(NodeSpec("exclude", entries=_COMBINATION), many=True),
    ),
    entries=Entries(AXIS, SCALAR, many=True, most=32),
)
_RESOURCES = NodeSpec(
    "resources",
    slots=slots(Slot("size", SIZE_NAME), Slot("cpus", CPUS), Slot("memory", SIZE), Slot("disk", SIZE)),
)
_CACHE = NodeSpec(
    "cache",
    slots=slots(
        Slot("key", KEY, required=True),
        Slot("restore", TEMPLATE, many=True),
        Slot("path", TEMPLATE, required=True, many=True),
    ),
)
_STEP = NodeSpec(
    "step",
    slots=slots(
        Slot("name", NAME),
        Slot("run", SCRIPT, required=True),
        Slot("if", STEP_CONDITION),
        Slot("shell", SHELL),
        Slot("timeout", DURATION),
        Slot("allow_failure", BOOLEAN),
    ),
    children=children(Child(_ENV)),
    foreign=_FOREIGN_IN_STEP,
)
_ARTIFACT = NodeSpec(
    "artifact",
    slots=slots(
        Slot("name", ARTIFACT, required=True),
        Slot("path", TEMPLATE, required=True, many=True),
        Slot("keep", DURATION),
    ),
)
_FETCH = NodeSpec(
    "fetch",
    slots=slots(Slot("artifact", ARTIFACT, required=True), Slot("from", ID, required=True)),
)

_JOB = NodeSpec(
    "job",
    slots=slots(
        Slot("id", ID, required=True),
        Slot("runs_on", LABEL),
        Slot("script", PATH),
        Slot("needs", ID, many=True),
        Slot("if", JOB_CONDITION),
        Slot("timeout", DURATION),
        Slot("retries", RETRIES),
        Slot("network", NETWORK),
        Slot("secrets", WORD, many=True),
        Slot("gate", NAME),
    ),
    children=children(
        Child(_MATRIX),
        Child(_RESOURCES),
        Child(_ENV),
        Child(_CHECKOUT),
        Child(NodeSpec("setup", slots=slots(Slot("path", PATH, required=True)))),
        Child(_STEP, many=True),
        Child(_CACHE, many=True),
        Child(_FETCH, many=True),
        Child(_ARTIFACT, many=True),
        Child(NodeSpec("report", slots=slots(Slot("junit", TEMPLATE, required=True))), many=True),
    ),
    foreign=_FOREIGN_IN_JOB,
)
_WORKFLOW = NodeSpec(
    "workflow",
    slots=slots(Slot("name", NAME), Slot("priority", whole_number(-100, 100))),
    children=children(
        Child(_ON, many=True),
        Child(_CONCURRENCY),
        Child(_ENV),
        Child(_DEFAULTS),
        Child(_CHECKOUT),
        Child(_JOB, many=True, required=True),
    ),
)

FILE = NodeSpec("file", children=children(Child(_WORKFLOW, required=True)))
