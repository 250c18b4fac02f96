"""One JSON object a line: complete, ASCII, and as the documentation shows it."""

import base64
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.cli.run import Given, Summary, make_watcher
from solstice.domain.event import ArtifactStored, Event, ImageProgress, Notice, PipelineEnded
from solstice.domain.job import StepState
from solstice.domain.plan import Plan
from solstice.domain.reason import Cause, Reason
from tests.cli.run.scenes import Scene, at, job_plan, plan_of
from tests.cli.run.test_ansi import HOSTILE

END = Summary(False, timedelta(seconds=61.2))
DOCUMENT = Path(__file__).parents[3] / "docs" / "run-events.md"


def watch(plan: Plan, *events: Event, summary: Summary = END, ticks: bool = False) -> str:
    out = io.BytesIO()
    watcher = make_watcher("json", out, plan=plan, colour=True)
    for second, event in enumerate(events):
        if ticks:
            watcher.tick(at(second))
        watcher.tell(event)
    watcher.close(summary)
    return out.getvalue().decode("ascii")


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def documented_run() -> str:
    """A short run in which every kind of event happens once at least."""
    test = job_plan("test", "unit", os="debian-12")
    scene = Scene(test).boot(0)
    assert scene.job.attempt
    phases = {"overlay": 0.012, "seed": 0.031, "qemu": 0.051}
    lasted = tuple((name, timedelta(seconds=seconds)) for name, seconds in phases.items())
    scene.job = scene.job.note(scene.job.attempt.with_boot("cold", lasted))
    scene.hello(4.2).begin().log(b"1 failed\n").log(b"\xff\xfe\n")
    scene.step(state=StepState.FAILED, seconds=41, exit_code=1, peak_memory=52_428_800)
    scene.fail(47, Reason(Cause.STEP_FAILED, 'step "unit" exited with 1'))
    before: list[Event] = [
        Notice("no working KVM: machines are emulated", "warning"),
        ImageProgress("debian-12", "downloading", 120_000_000, 320_000_000),
    ]
    after: list[Event] = [
        ArtifactStored(scene.job, "report", 1_234, "ab" * 32, 1),
        PipelineEnded(False, timedelta(seconds=51.2)),
    ]
    files = {"test-debian-12": "logs/test-debian-12.log"}
    summary = Summary(False, timedelta(seconds=51.2), Given(), "logs", "artifacts", files)
    return watch(plan_of(test), *before, *scene.events, *after, summary=summary, ticks=True)


def test_every_example_of_the_documentation_is_what_is_really_written() -> None:
    examples = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    written = read(documented_run())
    for example in examples:
        assert json.loads(example) in written
    assert {json.loads(example)["type"] for example in examples} == {entry["type"] for entry in written}


def test_every_field_is_described_in_the_documentation() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [row for entry in read(documented_run()) for row in (entry, *entry.get("jobs", []))]
    for name in {name for row in rows for name in row}:
        assert f"`{name}`" in text, name


def test_without_a_tick_an_event_has_no_time() -> None:
    (notice, _) = read(watch(plan_of(), Notice("hello")))
    assert notice == {"type": "notice", "level": "note", "text": "hello"}


def test_changes_that_say_nothing_new_are_not_written() -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin()
    assert scene.job.lease
    assert scene.job.attempt
    known = len(read(watch(plan_of(test), *scene.events)))
    scene.become(scene.job.renew(scene.job.lease)).become(scene.job.note(scene.job.attempt))
    assert len(read(watch(plan_of(test), *scene.events))) == known


def test_a_failed_job_of_the_table_says_how_to_run_it_again() -> None:
    end = read(documented_run())[-1]
    assert end["jobs"][0]["rerun"] == "solstice run --job test --matrix os=debian-12"


def test_a_character_cut_in_two_waits_for_its_other_half() -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin().log(b"caf\xc3").log(b"\xa9!").log(b"\xf0\x9f")
    logs = [entry for entry in read(watch(plan_of(test), *scene.events)) if entry["type"] == "log"]
    assert [(log["offset"], log.get("text"), log.get("base64")) for log in logs] == [
        (0, "caf", None),
        (3, "é!", None),
        (6, None, "8J8="),
    ]


@settings(deadline=None)
@given(st.one_of(HOSTILE, st.lists(st.binary(max_size=30), max_size=10)))
def test_the_bytes_of_a_log_can_be_put_together_again(chunks: list[bytes]) -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin()
    for chunk in chunks:
        scene.log(chunk)
    text = watch(plan_of(test), *scene.events)
    assert re.fullmatch(r"[\n\x20-\x7e]*", text)
    whole = b""
    for entry in read(text):
        if entry["type"] == "log":
            assert entry["offset"] == len(whole)
            whole += entry["text"].encode() if "text" in entry else base64.b64decode(entry["base64"])
    assert whole == b"".join(chunks)
