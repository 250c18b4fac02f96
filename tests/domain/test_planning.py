"""From a workflow and what happened to a plan."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from solstice.domain.diagnostic import Diagnostic, Source, Span
from solstice.domain.plan import FetchPlan, JobPlan, MatrixPlan, Occasion, Plan, Resources, StepPlan, Template
from solstice.domain.plan_record import BadRecord, plan_digest, plan_from_dict, plan_to_dict
from solstice.domain.planning import Planned, plan
from solstice.domain.workflow import Limits, Workflow, read_workflow
from solstice.domain.workflow.values import Job
from tests.domain.workflow.examples import CORE, WHOLE

PUSH = Occasion("push", sha="c0ffee", ref="refs/heads/main", branch="main")


def read(text: str) -> Workflow:
    result = read_workflow(Source("workflow.kdl", text))
    assert result.workflow is not None, result.diagnostics
    return result.workflow


def make(text: str, occasion: Occasion = PUSH) -> Plan:
    planned = plan(read(text), occasion, "debian-12")
    assert planned.plan is not None, planned.diagnostics
    return planned.plan


def refuse(text: str, occasion: Occasion = PUSH) -> tuple[Diagnostic, ...]:
    planned = plan(read(text), occasion, "debian-12")
    assert planned.plan is None
    return planned.diagnostics


def job(plan: Plan, id_: str) -> JobPlan:
    return next(job for job in plan.jobs if job.id == id_)


def test_the_core_of_the_language_becomes_two_jobs() -> None:
    linux, illumos = make(CORE).jobs
    assert (linux.id, linux.runs_on, linux.matrix, linux.timeout) == (
        "linux",
        "debian-12",
        None,
        timedelta(hours=1),
    )
    assert (illumos.runs_on, illumos.steps[0].path) == ("illumos-latest", ".solstice/job.sh")


def test_every_combination_is_a_job_with_an_id_of_its_own() -> None:
    made = make(WHOLE)
    assert [job.id for job in made.jobs] == [
        "lint",
        "test-debian-12-3.11",
        "test-debian-12-3.12",
        "test-freebsd-14-3.12",
        "test-debian-12-3.13",
        "publish",
    ]
    freebsd = job(made, "test-freebsd-14-3.12")
    assert (freebsd.job, freebsd.runs_on) == ("test", "freebsd-14")
    assert freebsd.matrix == MatrixPlan((("os", "freebsd-14"), ("python", "3.12")), False, 4)


def test_needs_are_every_job_the_needed_one_became() -> None:
    publish = job(make(WHOLE), "publish")
    assert publish.needs_jobs == ("test", "lint")
    assert publish.needs == (
        "test-debian-12-3.11", "test-debian-12-3.12", "test-freebsd-14-3.12", "test-debian-12-3.13", "lint",
    )  # fmt: skip


def test_what_is_fetched_from_a_matrix_comes_from_all_of_it() -> None:
    from_test, from_lint = job(make(WHOLE), "publish").fetches
    assert (len(from_test.jobs), from_test.from_matrix) == (4, True)
    assert from_lint == FetchPlan(Template("${{ needs.lint.outputs.name }}"), ("lint",), False)


def test_what_a_server_does_is_left_to_it() -> None:
    assert make(WHOLE).left_to_server == (
        'schedule "30 2 * * mon-fri" (Europe/Zurich)',
        'concurrency group "${{ workflow }}-${{ ref }}"',
        "priority 5",
        'gate "release" before publish',
    )


def test_the_concurrency_group_is_filled_in() -> None:
    concurrency = make(WHOLE).concurrency
    assert concurrency is not None
    assert (concurrency.group, concurrency.cancel_running) == ("ship-refs/heads/main", True)


def test_a_workflow_that_does_not_start_is_skipped_with_the_reason() -> None:
    made = make(WHOLE, replace(PUSH, branch="topic"))
    assert made.jobs == ()
    assert made.skipped == 'branch "topic" does not pass branches "main" "release/*"'


def test_jobs_stand_behind_what_they_need() -> None:
    made = make("""workflow {
        job id="a" needs="b" script="x"
        job id="b" needs="c" script="x"
        job id="c" script="x"
    }""")
    assert [job.id for job in made.jobs] == ["c", "b", "a"]


def test_ids_are_safe_short_and_never_clash() -> None:
    text = """workflow {
        job id="t-a_b" script="x"
        job id="t" { matrix { v "a b" "a/b" "a\\u{1F600}b"; include w="only" }; step run="x" }
        job id="n" { matrix { v "%s" "%s"; e "" }; step run="x" }
    }""" % ("x" * 200 + "1", "x" * 200 + "2")  # noqa: UP031 - the text is full of braces
    ids = [job.id for job in make(text).jobs]
    assert ids[:4] == ["t-a_b", "t-a_b-2", "t-a_b-3", "t-a_b-4"]
    assert len(set(ids)) == len(ids) == 6
    assert max(map(len, ids)) == 128


def test_an_include_without_an_axis_is_named_by_all_it_has() -> None:
    made = make(
        'workflow { job id="t" { matrix { include os="a" n=1; include os="b" n=#true }; step run="x" } }'
    )
    assert [job.id for job in made.jobs] == ["t-a-1", "t-b-true"]


def test_the_machine_is_filled_in_for_each_combination() -> None:
    made = make("""workflow { job id="t" { matrix { n 1 2 }; step run="x"
        resources size="s${{ matrix.n }}" cpus="${{ matrix.n }}" disk="10GiB" { memory "${{ matrix.n }}GiB" }
    } }""")
    assert [job.resources for job in made.jobs] == [
        Resources("s1", 1, 1 << 30, 10 << 30),
        Resources("s2", 2, 2 << 30, 10 << 30),
    ]


@pytest.mark.parametrize(
    ("inside", "code", "place"),
    [
        ('runs_on "${{ matrix.n }}"', "empty-text", '"${{ matrix.n }}"'),
        ('resources memory="${{ matrix.n }}GB!"', "bad-size", '"${{ matrix.n }}GB!"'),
        ('resources cpus="${{ branch }}"', "wrong-type", '"${{ branch }}"'),
        ('runs_on "${{ fromJSON(branch) }}"', "evaluation-failed", '"${{ fromJSON(branch) }}"'),
    ],
)
def test_what_comes_to_nothing_is_shown_where_it_was_written(inside: str, code: str, place: str) -> None:
    text = f'workflow {{ job id="t" {{ matrix {{ n "" " " }}; step run="x"; {inside}\n }} }}'
    found = refuse(text)
    assert {d.code for d in found} == {code}
    assert {text[d.span.start : d.span.end] for d in found} == {place}


INPUTS = """workflow {
    on "manual" {
        input "level" default="patch" { choices "patch" "minor" }
        input "count" type="number"
        input "dry" default=#true
        input "who" required=#true
    }
    on "push"
    job id="a" { step run="x" }
}"""


def answer(**answers: str | int | bool) -> Occasion:
    return Occasion("manual", inputs=tuple(answers.items()))


def test_answers_are_read_as_their_types_and_defaults_fill_the_rest() -> None:
    made = make(INPUTS, answer(count="3", dry="False", who="me"))
    assert made.occasion.inputs == (("level", "patch"), ("count", 3), ("dry", False), ("who", "me"))


def test_without_a_person_nobody_is_asked() -> None:
    assert make(INPUTS).occasion.inputs == (("level", "patch"), ("count", 0), ("dry", True), ("who", ""))


@pytest.mark.parametrize(
    ("answers", "code", "expected", "hint"),
    [
        ({"level": "minr"}, "bad-input", "one of patch, minor", "did you mean `minor`?"),
        ({"count": "many"}, "bad-input", "a number", ""),
        ({"count": "inf"}, "bad-input", "a number", ""),
        ({"dry": "perhaps"}, "bad-input", "true or false", ""),
        ({"levl": "patch"}, "unknown-input", "level, count, dry, who", "did you mean `level`?"),
    ],
)
def test_a_bad_answer_says_what_was_wanted(
    answers: dict[str, str], code: str, expected: str, hint: str
) -> None:
    assert [(d.code, d.expected, d.hint) for d in refuse(INPUTS, answer(who="me", **answers))] == [
        (code, expected, hint)
    ]


def test_a_required_answer_cannot_be_left_out() -> None:
    (found,) = refuse(INPUTS, answer())
    assert (found.code, found.message) == ("missing-input", "input `who` needs an answer")


def test_a_matrix_cannot_multiply_a_long_script_without_end() -> None:
    numbers, script = " ".join(map(str, range(200))), "x" * 100_000
    text = f'workflow {{ job id="t" {{ matrix {{ a {numbers} }}; step run="{script}" }} }}'
    assert [d.code for d in refuse(text)] == ["limit-plan"]


def test_values_made_elsewhere_are_held_to_the_limit_of_jobs_too() -> None:
    jobs = tuple(Job(f"j{i}", Span(0, 0), (StepPlan("x", run=Template("x")),)) for i in range(300))
    planned = plan(Workflow("w", jobs), PUSH, "debian-12")
    assert planned.plan is None
    assert {d.code for d in planned.diagnostics} == {"limit-jobs"}


def test_a_plan_is_plain_data_that_survives_json() -> None:
    made = make(WHOLE)
    record = plan_to_dict(made)
    assert json.loads(json.dumps(record)) == record
    test = record["jobs"][1]
    assert (test["timeout_seconds"], test["resources"]["memory_bytes"]) == (1200.0, 4 << 30)
    assert (test["steps"][3]["condition"], test["env"][-1]) == (
        "always()",
        ["PYTHON", "${{ matrix.python }}"],
    )


@pytest.mark.parametrize("text", [CORE, WHOLE])
def test_a_plan_read_back_is_the_same_plan(text: str) -> None:
    made = make(text)
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(made)))) == made


def test_a_record_of_another_version_is_read_as_far_as_it_goes() -> None:
    record = {"workflow": "w", "occasion": {"event": "push"}, "jobs": [], "new": 1}
    assert plan_from_dict(record) == Plan("w", Occasion("push"), ())


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"workflow": 1},
        {"workflow": "w", "occasion": {"event": "push"}, "jobs": [{"id": 5}]},
        [],
        "plan",
        None,
    ],
)
def test_what_is_no_record_of_a_plan_is_refused(record: Any) -> None:
    with pytest.raises(BadRecord):
        plan_from_dict(record)


def test_the_digest_is_the_same_for_the_same_plan_and_another_for_another() -> None:
    assert plan_digest(make(WHOLE)) == plan_digest(make(WHOLE))
    assert len(plan_digest(make(WHOLE))) == 64
    assert plan_digest(make(WHOLE)) != plan_digest(make(WHOLE, replace(PUSH, sha="f00d")))


def test_a_plan_without_mistakes_has_no_diagnostics() -> None:
    assert plan(read(CORE), PUSH, "debian-12") == Planned(make(CORE), ())


def test_inputs_are_known_even_to_a_workflow_stripped_of_its_triggers() -> None:
    planned = plan(replace(read(INPUTS), triggers=()), answer(level="minor", who="me"), "debian-12")
    assert planned.plan is not None
    assert dict(planned.plan.occasion.inputs)["level"] == "minor"


def test_why_it_is_skipped_stays_on_one_line_whatever_a_branch_is_called() -> None:
    assert make(WHOLE, replace(PUSH, branch="a\n\x1b[2Jb")).skipped.isprintable()


def test_a_label_or_size_that_the_system_does_not_have_is_shown_where_it_stands() -> None:
    text = 'workflow { job id="a" runs_on="debain-12" { resources size="huge"; step run="true" } }'
    limits = Limits(labels=("debian-12", "freebsd-14"), sizes=("small",))
    planned = plan(read(text), PUSH, "debian-12", limits)
    assert planned.plan is None
    [label, size] = planned.diagnostics
    assert (label.code, text[label.span.start : label.span.end]) == ("unknown-label", '"debain-12"')
    assert "debian-12" in label.hint
    assert text[size.span.start : size.span.end] == '"huge"'
