"""How the process `solstice` ends when its streams or its user do not let it go on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SOLSTICE = Path(sys.executable).with_name("solstice")
Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    repo = tmp_path / "repo"
    (repo / ".solstice").mkdir(parents=True)
    (repo / ".solstice/workflow.kdl").write_text('workflow { job id="a" { step run="true" } }')
    subprocess.run(["git", "init", "--quiet", repo], check=True)

    def run(text: str, before: str = "") -> "subprocess.CompletedProcess[str]":
        script = f"HOME={tmp_path} {before} {SOLSTICE} {text}"
        return subprocess.run(["sh", "-c", script], cwd=repo, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_closed_standard_output_is_said_and_nothing_is_begun(shell: Shell, command: str) -> None:
    done = shell(f"{command} >&-")
    assert done.returncode == 3
    assert done.stderr.startswith("solstice: error: standard output is closed\n")
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("command", "buffering"), [("check", ""), ("check", "1"), ("plan", ""), ("images ls", "")]
)
def test_a_full_standard_output_is_said(shell: Shell, command: str, buffering: str) -> None:
    done = shell(f"{command} >/dev/full", f"PYTHONUNBUFFERED={buffering}")
    assert done.returncode == 3
    assert "cannot use standard output: no space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_reader_that_went_away_is_no_reason_to_complain() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([SOLSTICE, "images", "ls"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("stream", ["0<&-", "2>&-"])
def test_other_closed_streams_do_no_harm(shell: Shell, stream: str) -> None:
    done = shell(f"check {stream}")
    assert (done.returncode, done.stdout) == (0, ".solstice/workflow.kdl: no mistakes\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_first_moments_ends_it_as_interrupted(number: signal.Signals) -> None:
    script = (
        "import os, sys; from solstice.main import cli\n"
        "class Looks:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'solstice.main.commands': os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Looks()); sys.argv = ['solstice', 'images', 'ls']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_command_ends_it_as_interrupted(number: signal.Signals) -> None:
    script = (
        "import os, sys; from solstice.main import cli; import solstice.main.context as context\n"
        f"context.read_settings = lambda *rest: os.kill(os.getpid(), {int(number)})\n"
        "sys.argv = ['solstice', 'images', 'ls']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


def test_what_was_made_deaf_to_hangups_stays_so() -> None:
    script = (
        "import os, signal, sys; from solstice.main import cli\n"
        "import solstice.main.context as context\n"
        "context.read_settings = lambda *rest: os.kill(os.getpid(), signal.SIGHUP) or os._exit(7)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); sys.argv = ['solstice', 'images', 'ls']; cli.main()"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 7
