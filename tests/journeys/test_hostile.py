"""Jobs that misbehave, and people in a hurry: the verdict is right, and nothing stays behind."""

import psutil
import pytest

from tests.journeys.running import NOTHING, Place, Running


def test_a_process_in_the_background_does_not_hold_the_job(sandboxed: Place) -> None:
    sandboxed.workflow("""
        job id="a" {
            step name="start" run="sleep 1000 & setsid sleep 1000 & echo started"
            step name="next" run="echo next"
        }
    """)
    ended = sandboxed.run()
    assert ended.code == 0
    assert b"started\nnext\n" in ended.log_of("a")
    assert sandboxed.leftovers() == NOTHING


def test_a_step_past_its_timeout_is_killed_and_later_steps_may_clean_up(sandboxed: Place) -> None:
    sandboxed.workflow("""
        job id="a" {
            step name="deaf" timeout="1s" run="trap '' TERM; while :; do sleep 1; done"
            step name="tidy" if="always()" run="echo tidy"
        }
    """)
    ended = sandboxed.run()
    assert ended.code == 1
    assert ended.end_of("a")["reason"]["text"] == 'step "deaf" timed out'
    assert b"tidy" in ended.log_of("a")


@pytest.mark.machine
@pytest.mark.slow
def test_a_fork_bomb_ends_with_its_job(place: Place) -> None:
    place.workflow('job id="a" timeout="15s" { step shell="bash" run="f() { f | f & }; f; sleep 1000" }')
    ended = place.run()
    assert ended.code == 1, ended.end_of("a")
    assert ended.end_of("a")["state"] == "timed_out"
    assert ended.end_of("a")["attempts"] == 1
    assert place.leftovers() == NOTHING


@pytest.mark.machine
def test_a_panicking_guest_is_our_fault_and_says_so(place: Place) -> None:
    place.workflow('job id="a" { step run="echo c | sudo tee /proc/sysrq-trigger; sleep 100" }')
    ended = place.run()
    assert ended.code == 3
    row = ended.end_of("a")
    assert row["reason"]["cause"] == "kernel-panic"
    assert row["reason"]["fault"] == "infrastructure"
    assert row["attempts"] == 2
    assert place.leftovers() == NOTHING


@pytest.mark.machine
def test_an_agent_killed_in_the_middle_of_a_step_is_noticed(place: Place) -> None:
    place.write(
        "kill.py",
        "import os, pathlib, signal\n"
        "for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):\n"
        "    words = path.read_bytes().split(b'\\0')\n"
        "    if any(word.endswith(b'agent.pyz') for word in words): os.kill(int(path.parent.name), 9)\n",
    )
    place.workflow('job id="a" { step run="sudo python3 kill.py; sleep 100" }')
    ended = place.run()
    assert ended.code == 3
    assert ended.end_of("a")["reason"]["cause"] == "agent-lost"
    assert place.leftovers() == NOTHING


@pytest.mark.machine
def test_a_job_whose_qemu_is_killed_gets_another_machine(place: Place) -> None:
    place.workflow('job id="a" { step run="echo begun; sleep 4" }')

    def kill_qemu(running: Running) -> None:
        for process in processes_of_machines(place):
            process.kill()

    ended = place.run_until(
        lambda event: event["type"] == "log" and "begun" in event.get("text", ""), kill_qemu
    )
    assert ended.code == 0, ended.stderr
    assert ended.end_of("a")["attempts"] == 2
    assert any(event["reason"] and event["reason"]["cause"] == "retry" for event in ended.of("job", "a"))
    assert place.leftovers() == NOTHING


def processes_of_machines(place: Place) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(place.state / "machines")):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    assert found
    return found


def test_one_interrupt_lets_jobs_end_in_order(either: Place) -> None:
    either.workflow("""
        job id="a" {
            step name="long" run="echo begun; sleep 1000"
            step name="tidy" if="cancelled()" run="echo tidy"
        }
        job id="b" { needs "a"; step run="echo never" }
    """)
    ended = either.run_until(
        lambda event: event["type"] == "log" and "begun" in event.get("text", ""), Running.interrupt
    )
    assert ended.code == 130
    assert ended.end_of("a")["state"] == "cancelled"
    assert ended.end_of("b")["state"] == "cancelled"
    assert b"tidy" in ended.log_of("a")
    assert either.leftovers() == NOTHING


def test_a_second_interrupt_ends_everything_at_once(either: Place) -> None:
    either.workflow("""
        job id="a" {
            step name="long" run="echo begun; sleep 1000"
            step name="stubborn" if="always()" run="echo stubborn; trap '' TERM INT; sleep 1000"
        }
    """)
    with either.start() as running:
        interrupts = 0
        for event in running.events():
            text = event.get("text", "") if event["type"] == "log" else ""
            if ("begun" in text and interrupts == 0) or ("stubborn" in text and interrupts == 1):
                interrupts += 1
                running.interrupt()
        ended = running.finish()
    assert ended.code == 130
    assert either.leftovers() == NOTHING
