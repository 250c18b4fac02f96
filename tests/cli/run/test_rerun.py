"""The command that runs a failed job again alone can be pasted into a shell."""

import shlex
from dataclasses import replace
from itertools import pairwise

import pytest

from solstice.cli.run import Given, rerun_command
from solstice.domain.scalar import Scalar
from solstice.domain.selection import select
from tests.cli.run.scenes import job_plan, plan_of


def test_a_plain_job_is_named() -> None:
    lint = job_plan("lint")
    assert rerun_command(plan_of(lint), lint, Given()) == "solstice run --job lint"


def test_a_matrix_job_names_its_combination_in_the_workflows_words() -> None:
    test = job_plan("test", os="debian-12", python="3.11", slow=True, tries=2.0, nothing=None)
    assert rerun_command(plan_of(test), test, Given()) == (
        "solstice run --job test --matrix os=debian-12 --matrix python=3.11 --matrix slow=true"
        " --matrix tries=2 --matrix nothing="
    )


def test_a_combination_that_is_part_of_another_is_named_by_its_id() -> None:
    small, large = job_plan("test", os="debian-12"), job_plan("test", os="debian-12", extra="yes")
    plan = plan_of(small, large)
    assert rerun_command(plan, small, Given()) == "solstice run --job test-debian-12"
    assert (
        rerun_command(plan, large, Given())
        == "solstice run --job test --matrix os=debian-12 --matrix extra=yes"
    )


def test_what_changes_a_job_is_kept_and_what_does_not_is_left_out() -> None:
    lint = job_plan("lint")
    options = (
        ("event", "pull_request"),
        ("input", "level=patch"),
        ("image", "debian-12=mine"),
        ("hypervisor", "sandbox"),
        ("dirty", ""),
        ("json", ""),
        ("jobs", "4"),
        ("job", "test"),
        ("matrix", "os=omnios"),
    )
    assert rerun_command(plan_of(lint), lint, Given(".", options)) == (
        "solstice run . --job lint --event pull_request --input level=patch --image debian-12=mine"
        " --hypervisor sandbox --dirty"
    )


def test_every_word_is_quoted_for_a_shell() -> None:
    test = job_plan("test", os="a b;rm -rf $HOME`id`'\"")
    given = Given("my proj", (("input", "text=two words"), ("commit", "-x")))
    words = shlex.split(rerun_command(plan_of(test), test, given))
    assert words[2:] == [
        "my proj",
        "--job",
        "test",
        "--matrix",
        "os=a b;rm -rf $HOME`id`'\"",
        "--input",
        "text=two words",
        "--commit=-x",
    ]


def test_a_path_that_looks_like_an_option_stays_a_path() -> None:
    lint = job_plan("lint")
    assert "run ./-x --job" in rerun_command(plan_of(lint), lint, Given("-x"))


def test_where_images_state_and_settings_came_from_is_kept() -> None:
    lint = job_plan("lint")
    options = tuple(
        (name, "x") for name in ("config", "cache-dir", "state-dir", "boot-limit", "max-concurrency")
    )
    assert rerun_command(plan_of(lint), lint, Given("", options)) == (
        "solstice run --job lint --config x --cache-dir x --state-dir x --boot-limit x"
    )


SCALARS: list[Scalar] = ["", " ", "a=b", "Ä", "1", "true", "0.1", 1, 0, -7, 2**70, True, False, None]
SCALARS += [0.1, 3.0, 1e20, 1e-7, 123456789.123, 1 / 3, -0.0]


@pytest.mark.parametrize("index", range(len(SCALARS)))
def test_the_command_picks_just_that_job_whatever_its_matrix_is_made_of(index: int) -> None:
    jobs = [replace(job_plan("test", v=value), id=f"test-{number}") for number, value in enumerate(SCALARS)]
    words = shlex.split(rerun_command(plan_of(*jobs), jobs[index], Given()))
    names = [word for flag, word in pairwise(words) if flag == "--job"]
    matrix = dict(word.split("=", 1) for flag, word in pairwise(words) if flag == "--matrix")
    assert select(plan_of(*jobs), names, matrix).jobs == (jobs[index],)
