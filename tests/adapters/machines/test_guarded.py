"""The guard around a machine's process: a deadline kept by the host, and no life without its starter."""

import subprocess
import sys
from datetime import timedelta

import psutil

from solstice.adapters.machines.qemu_command import guarded

STARTER = """
import subprocess, sys
from datetime import timedelta
from solstice.adapters.machines.qemu_command import guarded
child = subprocess.Popen(guarded(["sleep", "1000"], timedelta(hours=1), None))
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_machine_past_its_lifetime_is_ended_whatever_we_do() -> None:
    stubborn = ["sh", "-c", "trap '' INT; sleep 1000"]
    done = subprocess.run(guarded(stubborn, timedelta(seconds=1), None), timeout=30, check=False)
    assert done.returncode == 124


def test_a_machine_ends_with_the_process_that_started_it() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    guard = psutil.Process(int(starter.stdout.readline()))
    family = [guard, *guard.children(recursive=True)]
    starter.kill()
    starter.communicate()
    gone, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    assert len(gone) == len(family)


def test_a_machine_whose_starter_is_gone_already_never_starts() -> None:
    command = guarded(["echo", "started"], timedelta(minutes=1), None)
    ours = command.index("sh", command.index("-c")) + 1
    command[ours] = "1"
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (75, "")
