"""SIGKILL to the orchestrator at every phase: the next start sweeps, and counts come back to nothing."""

from collections.abc import Callable

import pytest

from tests.journeys.running import NOTHING, Event, Place, Running, wait_for

BODY = """
    job id="a" {
        step name="first" run="echo first; dd if=/dev/urandom of=big bs=1M count=4 2>&1; sleep 1"
        artifact name="big" { path "big" }
    }
"""


def at_event(found: Callable[[Event], bool]) -> Callable[[Running], None]:
    def wait(running: Running) -> None:
        for event in running.events():
            if found(event):
                return
        pytest.fail(f"the run ended too early: {running.seen[-3:]}")

    return wait


def at_file(name: str) -> Callable[[Running], None]:
    """When a machine's file is there."""

    def wait(running: Running) -> None:
        wait_for(lambda: any((machine / name).exists() for machine in running.place.machines()))

    return wait


def state(name: str) -> Callable[[Event], bool]:
    return lambda event: event["type"] == "job" and event["state"] == name


PHASES: dict[str, Callable[[Running], None]] = {
    "image": at_event(lambda event: event["type"] == "job"),
    "overlay": at_file("."),
    "boot": at_file("agent"),
    "hello": at_event(state("running")),
    "checkout": at_event(lambda event: event["type"] == "step"),
    "step": at_event(lambda event: event["type"] == "log" and "first" in event.get("text", "")),
    "artifact": at_event(lambda event: event["type"] == "artifact"),
    "destroy": at_event(state("succeeded")),
}


@pytest.mark.parametrize("phase", PHASES)
def test_what_a_sigkill_leaves_is_swept_at_the_next_start(either: Place, phase: str) -> None:
    either.workflow(BODY)
    with either.start() as running:
        PHASES[phase](running)
        running.kill()
        running.process.wait()
    # The machine dies with the process that made it; its files wait for the next start.
    wait_for(lambda: not either.leftovers()["processes"])
    assert either.leftovers()["sockets"] == []
    sweep(either)
    assert either.leftovers() == NOTHING


def sweep(place: Place) -> None:
    """The next start: of a workflow that needs no machine."""
    place.workflow('job id="none" { if "false"; step run="true" }')
    assert place.run().code == 0


def test_a_run_does_not_touch_the_machines_of_another_that_lives(sandboxed: Place) -> None:
    sandboxed.workflow('job id="a" { step run="echo begun; sleep 3; echo done" }')
    with sandboxed.start() as first:
        at_event(lambda event: event["type"] == "log" and "begun" in event.get("text", ""))(first)
        second = sandboxed.run()
        ended = first.finish()
    assert second.code == 0
    assert ended.code == 0
    assert sandboxed.leftovers() == NOTHING
