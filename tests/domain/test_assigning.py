"""When a job's turn comes: it runs or says why not, and its agent is told finished values only."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from solstice.domain.assigning import Decision, Facts, assign, decide
from solstice.domain.assignment import (
    ArtifactAssignment,
    Assignment,
    CacheAssignment,
    FetchAssignment,
    KeyPart,
    Need,
)
from solstice.domain.errors import AuthorMistake
from solstice.domain.plan import (
    ArtifactPlan,
    CachePlan,
    Condition,
    FetchPlan,
    JobPlan,
    MatrixPlan,
    Occasion,
    ReportPlan,
    Scalar,
    StepKind,
    StepPlan,
    Template,
)

PUSH = Occasion(
    "push", sha="c0ffee", ref="refs/heads/main", branch="main", repo="o/r", actor="ada",
    inputs=(("level", "minor"), ("dry", True)),
)  # fmt: skip
FACTS = Facts("https://forge/o/r.git", "p-1", "j-1")


def job(*steps: StepPlan, condition: str | None = None, matrix: dict[str, Scalar] | None = None) -> JobPlan:
    return JobPlan(
        id="test-x",
        job="test",
        runs_on="debian-12",
        steps=steps or (StepPlan("unit", run=Template("pytest")),),
        condition=Condition(condition) if condition is not None else None,
        matrix=MatrixPlan(tuple(matrix.items())) if matrix is not None else None,
        needs=("lint",),
        needs_jobs=("lint",),
    )


def needing(**results: str) -> list[Need]:
    return [Need(name, result) for name, result in results.items()]


def told(plan: JobPlan, *needs: Need) -> Assignment:
    return assign(plan, PUSH, "checks", needs, FACTS)


def decision(plan: JobPlan, **results: str) -> Decision:
    return decide(plan, PUSH, needing(**results), "checks")


@pytest.mark.parametrize(
    ("condition", "results", "reason"),
    [
        (None, {}, ""),
        (None, {"a": "success", "b": "success"}, ""),
        (None, {"a": "success", "lint": "failure"}, 'needs "lint", which failed'),
        (None, {"a": "skipped", "lint": "failure"}, 'needs "lint", which failed'),
        (None, {"lint": "cancelled"}, 'needs "lint", which was cancelled'),
        (None, {"lint": "skipped"}, 'needs "lint", which was skipped'),
        ("event == 'PUSH'", {"lint": "success"}, ""),
        ("event == 'tag'", {"lint": "success"}, "its if is false: event == 'tag'"),
        ("${{ event == 'tag' }}", {"lint": "success"}, "its if is false: event == 'tag'"),
        ("event == 'push'", {"lint": "failure"}, 'needs "lint", which failed'),
        ("success() && branch == 'main'", {"lint": "success"}, ""),
        ("success()", {"lint": "skipped"}, "its if is false: success()"),
        ("failure()", {"lint": "failure"}, ""),
        ("failure()", {"lint": "failure", "b": "cancelled"}, ""),
        ("failure()", {"lint": "success"}, "its if is false: failure()"),
        ("failure()", {"lint": "cancelled"}, "its if is false: failure()"),
        ("cancelled()", {"lint": "cancelled", "b": "failure"}, ""),
        ("cancelled()", {"lint": "success"}, "its if is false: cancelled()"),
        ("always()", {"lint": "failure", "b": "cancelled"}, ""),
        ("Always() && needs.lint.result == 'failure'", {"lint": "failure"}, ""),
        ("always() && needs.lint.result == 'failure'", {"lint": "success"},
         "its if is false: always() && needs.lint.result == 'failure'"),
        ("inputs.dry && inputs.level == 'MINOR'", {}, ""),
    ],
)  # fmt: skip
def test_a_job_runs_or_says_why_it_is_skipped(
    condition: str | None, results: dict[str, str], reason: str
) -> None:
    assert decision(job(condition=condition), **results) == Decision(run=not reason, reason=reason)


def test_a_long_condition_is_quoted_in_one_short_line() -> None:
    reason = decision(job(condition="event == 'tag' &&\n" * 20 + "true")).reason
    assert "\n" not in reason
    assert len(reason) < 110


def test_the_condition_of_a_job_sees_its_environment() -> None:
    plan = replace(job(condition="env.MODE == 'main-full'"), env=(("MODE", Template("${{ branch }}-full")),))
    assert decision(plan) == Decision(run=True)


def test_a_condition_that_has_no_value_is_the_authors_mistake() -> None:
    with pytest.raises(AuthorMistake, match=r'^job "test-x": fromJSON\(\) was given a text that is not JSON'):
        decision(job(condition="fromJSON(branch)"))


@pytest.mark.parametrize(
    ("value", "text", "as_json"),
    [
        ("3.10", "3.10", '"3.10"'),
        ("", "", '""'),
        ("it's ${{ x }}", "it's ${{ x }}", '"it\'s ${{ x }}"'),
        (3, "3", "3"),
        (-0.5, "-0.5", "-0.5"),
        (3.0, "3", "3"),
        (1e20, "1E+20", "1E+20"),
        (2**62, str(2**62), str(2**62)),
        (10**400, "Infinity", "Infinity"),
        (True, "true", "true"),
        (False, "false", "false"),
        (None, "", "null"),
        ("ü\n\t☃", "ü\n\t☃", '"ü\\n\\t☃"'),
    ],
)
def test_every_kind_of_matrix_value_arrives_as_its_text(value: Scalar, text: str, as_json: str) -> None:
    env = (("V", Template("<${{ matrix.v }}>")), ("J", Template("${{ toJSON(matrix.v) }}")))
    got = dict(told(replace(job(matrix={"v": value}), env=env)).env)
    assert got["V"] == f"<{text}>"
    assert got["J"] == as_json


@pytest.mark.parametrize("value", ["3.10", "", 3, -0.5, True, False, None, 1e20])
def test_a_matrix_value_survives_json_and_back(value: Scalar) -> None:
    plan = job(
        StepPlan("s", condition=Condition("fromJSON(toJSON(matrix)).v == matrix.v")), matrix={"v": value}
    )
    assert told(plan).steps[0].on_success
    env = (("J", Template("${{ toJSON(matrix) }}")),)
    assert json.loads(dict(told(replace(plan, env=env)).env)["J"]) == {"v": value}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, (True, False, False)),
        ("success()", (True, False, False)),
        ("failure()", (False, True, False)),
        ("cancelled()", (False, False, True)),
        ("always()", (True, True, True)),
        ("!cancelled()", (True, True, False)),
        ("failure() || cancelled()", (False, True, True)),
        ("event == 'push'", (True, False, False)),
        ("event == 'tag'", (False, False, False)),
        ("always() && event == 'tag'", (False, False, False)),
        ("${{ always() }}", (True, True, True)),
    ],
)
@pytest.mark.parametrize("kind", list(StepKind))
def test_a_steps_condition_is_decided_for_each_state(
    condition: str | None, expected: tuple[bool, bool, bool], kind: StepKind
) -> None:
    step = StepPlan("s", kind, path="x.sh", condition=Condition(condition) if condition else None)
    got = told(job(step)).steps[0]
    assert (got.on_success, got.on_failure, got.on_cancel) == expected


def test_the_environment_holds_the_facts_and_what_the_workflow_declared() -> None:
    env = (
        ("PYTHON", Template("${{ matrix.python }}")),
        ("NAME", Template("py${{ env.PYTHON }}-${{ inputs.level }}-${{ needs.lint.outputs.Version }}")),
        ("CI", Template("yes")),
        ("SOLSTICE_REF", Template("forged")),
    )
    plan = replace(job(matrix={"python": "3.12"}), env=env)
    assert dict(told(plan, Need("lint", "success", (("version", "7"),))).env) == {
        "CI": "yes",
        "PYTHON": "3.12",
        "NAME": "py3.12-minor-7",
        "SOLSTICE": "true",
        "SOLSTICE_REPO_URL": "https://forge/o/r.git",
        "SOLSTICE_COMMIT_SHA": "c0ffee",
        "SOLSTICE_REF": "refs/heads/main",
        "SOLSTICE_BRANCH": "main",
        "SOLSTICE_TAG": "",
        "SOLSTICE_EVENT": "push",
        "SOLSTICE_PIPELINE_ID": "p-1",
        "SOLSTICE_JOB_ID": "j-1",
    }


def test_a_step_sees_its_own_environment_over_the_jobs() -> None:
    step = StepPlan(
        "s",
        run=Template("echo ok"),
        env=(("A", Template("${{ env.A }}+step")), ("B", Template("${{ env.A }}!"))),
        condition=Condition("env.B == 'job+step!'"),
    )
    plan = replace(
        job(step, StepPlan("t", condition=Condition("env.A == 'job'"))), env=(("A", Template("job")),)
    )
    first, second = told(plan).steps
    assert first.env == (("A", "job+step"), ("B", "job+step!"))
    assert first.on_success
    assert second.on_success
    assert second.env == ()


def test_what_needs_no_filling_arrives_as_planned() -> None:
    step = StepPlan(  # noqa: S604 (a field of a value, not a call of a shell)
        "s", run=Template("a\n$b ${c}"), shell="bash -e", timeout=timedelta(minutes=3), allow_failure=True
    )
    plan = replace(job(step), secrets=("TOKEN",), checkout=None, timeout=timedelta(hours=2))
    got = told(plan)
    assert (got.job, got.secrets, got.checkout, got.timeout) == (
        "test-x",
        ("TOKEN",),
        None,
        timedelta(hours=2),
    )
    first = got.steps[0]
    assert (first.run, first.path, first.shell) == ("a\n$b ${c}", None, "bash -e")
    assert (first.timeout, first.allow_failure) == (timedelta(minutes=3), True)


def test_a_cache_key_is_cut_around_its_hashes() -> None:
    cache = CachePlan(
        key=Template("pip-${{ matrix.os }}-${{ hash('req*.txt', format('{0}.lock', branch)) }}-v2"),
        restore=(Template("pip-${{ matrix.os }}-"),),
        paths=(Template("~/.cache/pip"),),
    )
    got = told(replace(job(matrix={"os": "deb"}), caches=(cache,))).caches
    literals = KeyPart("pip-"), KeyPart("deb"), KeyPart("-")
    key = (*literals, KeyPart(globs=("req*.txt", "main.lock")), KeyPart("-v2"))
    assert got == (CacheAssignment(key, ("pip-deb-",), ("~/.cache/pip",)),)


def test_fetches_land_in_the_checkout_or_in_a_folder_for_each_combination() -> None:
    one = FetchPlan(Template("wheels-${{ branch }}"), ("build",))
    many = FetchPlan(Template("wheels"), ("test-a", "test-b"), from_matrix=True)
    assert told(replace(job(), fetches=(one, many))).fetches == (
        FetchAssignment("wheels-main", "build", ""),
        FetchAssignment("wheels", "test-a", "test-a"),
        FetchAssignment("wheels", "test-b", "test-b"),
    )


def test_artifacts_and_reports_are_filled() -> None:
    artifact = ArtifactPlan(Template("w-${{ matrix.os }}"), (Template("dist/${{ branch }}/*"), Template("x")))
    plan = replace(
        job(matrix={"os": "deb"}),
        artifacts=(artifact,),
        reports=(ReportPlan("junit", Template("${{ matrix.os }}.xml")),),
    )
    got = told(plan)
    assert got.artifacts == (ArtifactAssignment("w-deb", ("dist/main/*", "x")),)
    assert got.reports == ("deb.xml",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${{ fromJSON('{') }}", "is not JSON"),
        ("${{ fromJSON('\"\\u0000\"') }}", "NUL"),
        ("${{ fromJSON('\"\\ud800\"') }}", "surrogate"),
        ("${{ format('{1}', 'a') }}", "was given 1 value"),
        ("${{ hash('x') }}", "no answer here"),
        ("${{ success() }}", "no answer here"),
        ("${{ 1", "never closed"),
        ("${{ secrets.X }}", "not known here"),
    ],
)
def test_a_value_that_cannot_be_made_is_the_authors_mistake_and_says_where(text: str, message: str) -> None:
    step = StepPlan("build it", env=(("A", Template(text)),))
    with pytest.raises(AuthorMistake) as caught:
        told(job(step))
    assert str(caught.value).startswith('job "test-x", step "build it": ')
    assert message in str(caught.value)
    assert text[:70] in str(caught.value)


def test_text_in_a_value_is_never_read_as_an_expression() -> None:
    hostile = replace(PUSH, branch="${{ env.SECRET }}'); x")
    plan = replace(job(), env=(("B", Template("${{ branch }}")),))
    assert dict(assign(plan, hostile, "w", (), FACTS).env)["B"] == "${{ env.SECRET }}'); x"
