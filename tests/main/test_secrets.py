"""Where a run's secrets come from, and what is said of those that came from nowhere."""

from dataclasses import replace
from pathlib import Path

import pytest

from solstice.domain.errors import OperatorMistake
from solstice.domain.event import Notice
from solstice.main.secrets import note_missing, read_secrets
from solstice.main.settings import Environment
from tests.builders import job_plan, matrix_plans, plan

ENVIRONMENT = Environment({"TOKEN": "t"})


def test_secrets_come_from_variables_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("# ours\nKEY=a=b\n\n")
    assert read_secrets(ENVIRONMENT, ["TOKEN"], str(file)) == {"KEY": "a=b", "TOKEN": "t"}


@pytest.mark.parametrize("name", ["OTHER", "TOKEN=t"])
def test_a_name_without_a_value_and_a_value_on_the_command_line_are_refused(name: str) -> None:
    with pytest.raises(OperatorMistake):
        read_secrets(ENVIRONMENT, [name], None)


def test_a_secret_that_was_not_given_is_said_once_for_each_job_of_the_file() -> None:
    publish = replace(job_plan("publish"), secrets=("TOKEN", "KEY"))
    tests = [replace(job, secrets=("KEY",)) for job in matrix_plans("x", "y")]
    assert list(note_missing(plan(publish, *tests), {"TOKEN"})) == [
        Notice("job publish asks for the secret KEY, which was not given (--secret KEY)", "warning"),
        Notice("job test asks for the secret KEY, which was not given (--secret KEY)", "warning"),
    ]
    assert not list(note_missing(plan(publish, *tests), {"TOKEN", "KEY"}))
