"""Completion scripts for the shells people use."""

import subprocess

import click
import pytest
from click.testing import CliRunner

from solstice.cli.completion import completion_command


@click.group(name="solstice")
def program() -> None:
    """A program with one command."""


program.add_command(completion_command)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_asks_our_program_for_completions(shell: str) -> None:
    result = CliRunner().invoke(program, ["completion", shell])
    assert result.exit_code == 0
    assert f"_SOLSTICE_COMPLETE={shell}_complete" in result.output


def test_the_script_for_bash_is_one_that_bash_can_read() -> None:
    script = CliRunner().invoke(program, ["completion", "bash"]).output
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_another_shell_is_refused_by_name() -> None:
    result = CliRunner().invoke(program, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in result.output
