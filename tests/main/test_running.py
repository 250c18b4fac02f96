"""What `solstice run` says and how it exits where no machine is needed to know."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from solstice.main.commands import solstice
from solstice.main.context import Context
from solstice.main.settings import Environment

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    repo = tmp_path / "repo"
    (repo / ".solstice").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=topic", repo], check=True)

    def invoke(workflow: str, *arguments: str) -> Result:
        (repo / ".solstice/workflow.kdl").write_text(workflow)
        context = Context(Environment({"HOME": str(tmp_path)}))
        words = ["run", str(repo), "--state-dir", str(tmp_path / "s"), *arguments]
        return CliRunner().invoke(solstice, words, obj=context)

    return invoke


SKIPPED = 'workflow { on "push" { branches "main" }; job id="a" { step run="x" } }'


def test_nothing_to_run_is_said_to_people_and_to_programs(run: Run) -> None:
    why = 'branch "topic" does not pass branches "main"'
    told = run(SKIPPED, "--event", "push")
    assert (told.exit_code, told.stdout) == (0, "")
    assert why in told.stderr
    notice, ended = map(json.loads, run(SKIPPED, "--event", "push", "--json").stdout.splitlines())
    assert (notice["type"], notice["level"]) == ("notice", "note")
    assert why in notice["text"]
    assert notice["time"]
    assert (ended["type"], ended["success"], ended["jobs"]) == ("pipeline-ended", True, [])


def test_an_event_that_does_not_exist_is_refused(run: Run) -> None:
    result = run(SKIPPED, "--event", "pussh")
    assert result.exit_code == 2
    assert "pull_request" in result.stderr


@pytest.mark.parametrize("option", ["--state-dir", "--artifacts", "--secret-file", "--images", "--config"])
def test_an_empty_path_is_refused_by_its_option(run: Run, option: str) -> None:
    result = run(SKIPPED, f"{option}=")
    assert result.exit_code == 2
    assert option in result.stderr
