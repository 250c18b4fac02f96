"""From a text without mistakes to the values its author meant."""

from datetime import timedelta

import pytest

from solstice.domain.diagnostic import Source
from solstice.domain.matrix import Matrix
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
from solstice.domain.workflow import Job, Limits, Workflow, legacy_workflow, read_workflow
from solstice.domain.workflow.values import Fetch, Input, Manual, PullRequest, Push, Schedule
from tests.domain.workflow.examples import CORE, WHOLE, as_version_1


def read(text: str, file: str = ".solstice/workflow.kdl") -> Workflow:
    result = read_workflow(Source(file, text))
    assert result.diagnostics == ()
    assert result.workflow is not None
    return result.workflow


def read_job(inside: str, around: str = "") -> Job:
    return read(f'workflow {{ {around}\n job id="it" {{ {inside}\n step run="x" }} }}').jobs[0]


@pytest.fixture(params=[WHOLE, as_version_1(WHOLE)], ids=["KDL 2", "KDL 1"])
def ship(request: pytest.FixtureRequest) -> Workflow:
    return read(request.param)


@pytest.mark.parametrize(
    "text", [CORE, as_version_1(CORE), "/- kdl-version 1\n" + CORE], ids=["2", "1", "marked 1"]
)
def test_the_files_in_use_keep_working(text: str) -> None:
    linux, illumos = read(text).jobs
    assert [(step.name, step.kind, step.run, step.path) for step in linux.steps] == [
        ("setup", StepKind.SETUP, None, ".solstice/setup-linux.sh"),
        ("lint", StepKind.RUN, Template("ruff check ."), None),
        ("test", StepKind.RUN, Template("pytest -q"), None),
    ]
    assert linux.runs_on is not None
    assert linux.runs_on.text == "debian-12"
    assert illumos.steps == (StepPlan(".solstice/job.sh", path=".solstice/job.sh"),)


def test_the_head_of_a_workflow(ship: Workflow) -> None:
    assert (ship.name, ship.priority) == ("ship", 5)
    assert ship.concurrency is not None
    assert (ship.concurrency.group.text, ship.concurrency.cancel_running) == (
        "${{ workflow }}-${{ ref }}",
        True,
    )
    assert ship.triggers == (
        Push(("main", "release/*"), ("src/**", "!src/docs/**"), ("v*",)),
        PullRequest(("main",), (), ("opened", "synchronize"), ("ci",)),
        Schedule("30 2 * * mon-fri", "Europe/Zurich"),
        Manual(
            (
                Input("level", default="patch", choices=("patch", "minor", "major")),
                Input("dry", type="boolean", description="only pretend"),
            )
        ),
    )


def test_a_job_takes_what_the_workflow_says_for_all(ship: Workflow) -> None:
    lint = ship.jobs[0]
    assert lint.runs_on is not None
    assert (lint.runs_on.text, lint.timeout, lint.retries, lint.network) == (
        "debian-12", timedelta(minutes=30), 2, Network.NONE,
    )  # fmt: skip
    assert lint.checkout == Checkout(submodules=True, lfs=False, depth=0)
    assert lint.env == (("PIP_NO_INPUT", Template("1")), ("RETRIES", Template("3")))
    assert lint.steps[0].shell == "bash -e"


def test_what_a_job_says_itself_wins(ship: Workflow) -> None:
    test = ship.jobs[1]
    assert (test.timeout, test.retries, test.network, test.checkout) == (
        timedelta(minutes=20), 1, Network.OUTBOUND, None,
    )  # fmt: skip
    assert test.env[-1] == ("PYTHON", Template("${{ matrix.python }}"))
    assert (test.needs, test.secrets) == (("lint",), ("PYPI_TOKEN",))
    assert test.condition == Condition("event != 'schedule' || ref == 'refs/heads/main'")


def test_a_matrix_keeps_its_order_and_types(ship: Workflow) -> None:
    assert ship.jobs[1].matrix == Matrix(
        axes=(("os", ("debian-12", "freebsd-14")), ("python", ("3.11", "3.12"))),
        exclude=((("os", "freebsd-14"), ("python", "3.11")),),
        include=((("os", "debian-12"), ("python", "3.13"), ("experimental", True)),),
        fail_fast=False,
        max_parallel=4,
    )


def test_the_machine_a_job_wants(ship: Workflow) -> None:
    wanted = ship.jobs[1].resources
    assert wanted.size is not None
    assert (wanted.size.text, wanted.cpus, wanted.memory, wanted.disk) == ("medium", 2, 4 << 30, 20 << 30)


def test_steps_and_what_is_kept(ship: Workflow) -> None:
    test = ship.jobs[1]
    setup, unit, flaky, last = test.steps
    assert (setup.kind, unit.timeout, last.condition) == (
        StepKind.SETUP,
        timedelta(minutes=10),
        Condition("always()"),
    )
    assert (flaky.shell, flaky.allow_failure, flaky.env) == ("python3", True, (("DEEP", Template("true")),))
    assert test.caches == (
        CachePlan(
            Template("pip-${{ hash('requirements*.txt') }}"),
            (Template("pip-"),),
            (Template("~/.cache/pip"), Template(".tox")),
        ),
    )
    assert test.artifacts == (
        ArtifactPlan(Template("wheels-${{ matrix.os }}"), (Template("dist/*.whl"),), timedelta(days=30)),
    )
    assert test.reports == (ReportPlan("junit", Template("report.xml")),)


def test_gates_and_fetches(ship: Workflow) -> None:
    publish = ship.jobs[2]
    assert (publish.gate, publish.needs) == ("release", ("test", "lint"))
    assert publish.fetches == (
        Fetch(Template("wheels"), "test"),
        Fetch(Template("${{ needs.lint.outputs.name }}"), "lint"),
    )


def test_a_bare_job_has_the_defaults_of_the_language() -> None:
    assert read('workflow { job id="a" script="x" }').jobs[0] == Job(
        "a", read('workflow { job id="a" script="x" }').jobs[0].span, (StepPlan("x", path="x"),)
    )


@pytest.mark.parametrize("written", ['timeout="20m"', '{ timeout "20m"; step run="x" }'])
def test_a_scalar_is_a_property_or_a_child(written: str) -> None:
    (job,) = read(f'workflow {{ job id="a" {"script=x " if "{" not in written else ""}{written} }}').jobs
    assert job.timeout == timedelta(minutes=20)


def test_a_list_of_one_may_be_a_property() -> None:
    assert read('workflow { job id="a" script="x"\n job id="b" needs="a" script="y" }').jobs[1].needs == (
        "a",
    )


def test_a_workflow_without_a_name_is_called_like_its_file() -> None:
    assert read('workflow { job id="a" script="x" }', "ci/nightly.kdl").name == "nightly"


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("ruff check .", "ruff check ."),
        ("\\n  pytest   -q\\nruff", "pytest -q"),
        (
            "pytest --one-long-flag --another-long-flag --and-a-third-one",
            "pytest --one-long-flag --another-long-flag …",
        ),
        ("x" * 60, "x" * 48 + " …"),
    ],
)
def test_a_step_without_a_name_is_called_by_its_first_words(run: str, name: str) -> None:
    (job,) = read(f'workflow {{ job id="a" {{ step run="{run}" }} }}').jobs
    assert job.steps[0].name == name


def test_setup_comes_before_the_script() -> None:
    (job,) = read('workflow { job id="a" script="b.sh" { setup path="a.sh" } }').jobs
    assert [step.path for step in job.steps] == ["a.sh", "b.sh"]


def test_a_variable_of_a_job_replaces_the_workflows_in_its_place() -> None:
    job = read_job("env { B 3 }", "env { A 1; B 2 }")
    assert job.env == (("A", Template("1")), ("B", Template("3")))


def test_an_input_without_a_type_is_what_its_default_is() -> None:
    inputs = 'on "manual" { input "a" default=3; input "b" default=#false; input "c" }'
    text = f'workflow {{ {inputs}\n job id="j" script="x" }}'
    assert [item.type for item in read(text).inputs] == ["number", "boolean", "string"]


def test_a_template_may_stand_where_a_number_or_a_size_is_wanted() -> None:
    job = read_job('matrix { n 1 2 }; resources cpus="${{ matrix.n }}" memory="${{ matrix.n }}GiB"')
    assert job.resources.cpus is not None
    assert not isinstance(job.resources.cpus, int)
    assert job.resources.cpus.text == "${{ matrix.n }}"


def test_a_repository_with_only_a_script_has_one_job_on_the_default_image() -> None:
    workflow = legacy_workflow()
    (job,) = workflow.jobs
    assert (workflow.name, job.id, job.runs_on, job.steps[0].path) == ("job", "job", None, ".solstice/job.sh")


def test_as_many_jobs_as_allowed_are_read() -> None:
    matrix = "matrix { a 1 2 3 4 5 6 7 8; b 1 2 3 4 5 6 7 8; c 1 2 3 4 }"
    assert read_job(matrix).matrix is not None
    tight = read_workflow(
        Source("f", f'workflow {{ job id="a" {{ {matrix}; step run="x" }} }}'), Limits(jobs=255)
    )
    assert [found.code for found in tight.diagnostics] == ["limit-jobs"]
