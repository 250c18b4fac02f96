"""Which jobs are run when a person picks some."""

from dataclasses import replace

import pytest

from solstice.domain.errors import OperatorMistake
from solstice.domain.plan import FetchPlan, MatrixPlan, Template
from solstice.domain.selection import select
from tests.builders import job_plan, matrix_plans, plan, step

BUILD = job_plan("build")
PLAN = plan(
    BUILD,
    *matrix_plans("x", "y"),
    job_plan("reads", needs=["build"], steps=(step("echo ${{ needs.build.outputs.v }}"),)),
    job_plan("fetches", needs=["build", "test-x"], fetches=(FetchPlan(Template("wheels"), ("build",)),)),
    job_plan("waits", needs=["build", "reads"]),
    job_plan("asks", needs=["build"], condition="needs.build.result == 'success'"),
)


@pytest.mark.parametrize(
    ("jobs", "matrix", "kept"),
    [
        (["build"], {}, ["build"]),
        (["test"], {}, ["test-x", "test-y"]),
        (["test-y"], {}, ["test-y"]),
        (["test"], {"value": "y"}, ["test-y"]),
        (["waits"], {}, ["waits"]),
        (["reads"], {}, ["build", "reads"]),
        (["asks"], {}, ["build", "asks"]),
        (["fetches"], {}, ["build", "fetches"]),
        (["waits", "reads"], {}, ["build", "reads", "waits"]),
        ([], {}, [job.id for job in PLAN.jobs]),
    ],
)
def test_a_job_brings_along_only_those_it_cannot_do_without(
    jobs: list[str], matrix: dict[str, str], kept: list[str]
) -> None:
    selected = select(PLAN, jobs, matrix)
    assert [job.id for job in selected.jobs] == kept
    for job in selected.jobs:
        assert set(job.needs) <= set(kept), "what was left out is taken as met"


def test_an_unknown_job_is_refused_with_a_suggestion() -> None:
    with pytest.raises(OperatorMistake, match="build"):
        select(PLAN, ["biuld"], {})


@pytest.mark.parametrize("matrix", [{"value": "z"}, {"os": "x"}])
def test_matrix_values_that_no_job_has_are_refused(matrix: dict[str, str]) -> None:
    with pytest.raises(OperatorMistake, match="matrix values"):
        select(PLAN, [], matrix)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (None, ""), (3.11, "3.11"), (3.0, "3"), (2, "2")]
)
def test_matrix_values_are_compared_as_they_are_written(value: object, text: str) -> None:
    one = replace(job_plan("a"), matrix=MatrixPlan((("v", value),)))  # type: ignore[arg-type]
    assert [job.id for job in select(plan(one), [], {"v": text}).jobs] == ["a"]
