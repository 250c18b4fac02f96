"""The live view: lines scroll by above, a block below tells how things stand, neither spoils the other."""

import io
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.cli.run import Summary, make_watcher
from solstice.domain.event import Event, ImageProgress
from solstice.domain.job import StepState
from solstice.domain.plan import Plan
from solstice.domain.reason import Cause, Reason
from tests.cli.run.scenes import Scene, at, failed_run, job_plan, plan_of
from tests.cli.run.screen import Screen
from tests.cli.run.test_ansi import HOSTILE

END = Summary(False, timedelta(seconds=61.2))


class Terminal:
    """A live watcher and the screen it draws on."""

    def __init__(self, plan: Plan, width: int = 80, height: int = 24, colour: bool = True) -> None:
        self.out = io.BytesIO()
        self.seen = 0
        self.watcher = make_watcher("live", self.out, plan=plan, width=width, height=height, colour=colour)
        self.screen = Screen(width)

    def tell(self, *events: Event) -> "Terminal":
        for event in events:
            self.watcher.tell(event)
        return self

    def tick(self, seconds: float) -> list[str]:
        """Let time come to an instant; give the rows on the screen."""
        self.watcher.tick(at(seconds))
        return self.look()

    def close(self) -> list[str]:
        self.watcher.close(END)
        return self.look()

    def look(self) -> list[str]:
        fresh = self.out.getvalue()[self.seen :]
        self.seen += len(fresh)
        self.screen.show(fresh.decode())
        return [row.rstrip() for row in self.screen.rows[:-1]]


def test_the_block_says_how_each_unfinished_job_stands() -> None:
    plans = [job_plan(name) for name in ("lint", "test", "wheels", "docs")] + [
        job_plan("publish", needs=("test",))
    ]
    lint, test, wheels, docs, publish = map(Scene, plans)
    lint.boot(0).hello(3).begin()
    test.boot(1, image="freebsd-14")
    wheels.boot(1).hello(4)
    docs.become(docs.job.wait(Reason(Cause.NO_ROOM, "3 of 3 machines are taken")))
    terminal = Terminal(plan_of(*plans), width=60)
    terminal.tell(*lint.events, *test.events, *wheels.events, *docs.events, *publish.events)
    assert terminal.tick(7)[-6:] == [
        "● lint     step 1 of 1: unit                             4s",
        "● test     boots freebsd-14                              6s",
        "● wheels   gets its checkout ready                       3s",
        "◷ docs     waits: 3 of 3 machines are taken              7s",
        "◷ publish  waits: needs test                             7s",
        "─ 0 of 5 jobs over, 0s",
    ]
    assert terminal.tick(70)[-1] == "─ 0 of 5 jobs over, 1m 03s"
    assert len(terminal.look()) == 6 + 3


def test_lines_scroll_above_the_block_which_moves_along() -> None:
    test = job_plan("test")
    scene = Scene(test).boot(0).hello(1).begin()
    terminal = Terminal(plan_of(test), width=40).tell(*scene.events)
    before = terminal.tick(2)
    terminal.tell(*scene.log(b"first\nsecond is so long that a terminal has to fold it\n").events[-1:])
    after = terminal.tick(3)
    assert before[-2:] == ["● test  step 1 of 1: unit            1s", "─ 0 of 1 jobs over, 0s"]
    assert after[-5:] == [
        "[test] first",
        "[test] second is so long that a terminal",
        " has to fold it",
        "● test  step 1 of 1: unit            2s",
        "─ 0 of 1 jobs over, 1s",
    ]


def test_at_the_end_only_lines_and_the_table_are_left() -> None:
    plan, events = failed_run()
    terminal = Terminal(plan, width=100)
    for i, event in enumerate(events):
        terminal.tell(event).tick(i)
    rows = terminal.close()
    assert not [row for row in rows if "jobs over" in row]
    assert rows[0] == "● lint  machine is up after 4.2s"
    assert rows[-1] == "✕ did not succeed in 1m 01s: 1 succeeded, 1 failed, 1 skipped"
    assert rows.count("[test-debian-12] 1 failed") == 1


def test_a_run_that_is_abandoned_leaves_its_lines_and_no_block() -> None:
    test = job_plan("test")
    terminal = Terminal(plan_of(test)).tell(*Scene(test).boot().hello(1).begin().log(b"half").events)
    terminal.tick(1)
    terminal.watcher.abandon()
    assert terminal.look() == ["● test  machine is up after 1.0s", "● test  step 1 of 1: unit", "[test] half"]


def test_more_jobs_than_rows_are_summed_up() -> None:
    plans = [job_plan("test", n=n) for n in range(100)]
    scenes = [Scene(plan) for plan in plans]
    for scene in scenes[50:70]:
        scene.boot(0)
    terminal = Terminal(plan_of(*plans), height=12)
    rows = terminal.tell(*(event for scene in scenes for event in scene.events)).tick(1)
    assert len(rows) == 6
    assert rows[0].startswith("● test-50")
    assert rows[-2:] == ["… and 96 more: 16 running, 80 waiting", "─ 0 of 100 jobs over, 0s"]


def test_where_nothing_changed_nothing_is_written() -> None:
    test = job_plan("test")
    terminal = Terminal(plan_of(test)).tell(*Scene(test).boot().events)
    terminal.tick(1)
    size = len(terminal.out.getvalue())
    terminal.tick(1.4)
    assert len(terminal.out.getvalue()) == size
    terminal.tick(2)
    assert len(terminal.out.getvalue()) > size


def test_a_terminal_of_a_few_rows_still_shows_a_tally() -> None:
    plans = [job_plan("test", n=n) for n in range(9)]
    terminal = Terminal(plan_of(*plans), height=3)
    rows = terminal.tell(*(event for plan in plans for event in Scene(plan).events)).tick(1)
    assert rows == ["… and 9 more: 9 waiting", "─ 0 of 9 jobs over, 0s"]


def test_an_image_on_its_way_has_a_row_until_a_machine_boots_from_it() -> None:
    test = job_plan("test")
    scene = Scene(test)
    terminal = Terminal(plan_of(test)).tell(*scene.events)
    terminal.tell(ImageProgress("debian-12", "downloading", 10**6, 10**7))
    assert "◷ image debian-12: downloading, 1.0 MB of 10.0 MB (10 %)" in terminal.tick(1)
    terminal.tell(*scene.boot(2).events[-1:])
    assert not [row for row in terminal.tick(3) if "downloading" in row]


def test_wide_characters_and_long_names_never_fold_the_block() -> None:
    test = job_plan("test" * 20, "測試" * 40 + "❤️")
    scene = Scene(test).boot(0).hello(1).begin()
    for width in range(20, 60):
        terminal = Terminal(plan_of(test), width=width).tell(*scene.events)
        terminal.tick(1)
        assert len([row for row in terminal.tick(2) if row.startswith("─")]) == 1


def test_a_terminal_made_narrower_is_cleared_of_the_rows_it_folded() -> None:
    test = job_plan("test")
    terminal = Terminal(plan_of(test), width=80).tell(*Scene(test).boot().events)
    terminal.tick(1)
    folded = Screen(40)
    folded.show("x" * 80 + "\n" + "y" * 20 + "\n")  # what an 80-column block of two rows became
    terminal.watcher.resize(40, 24)
    terminal.watcher.tick(at(2))
    fresh = terminal.out.getvalue()[terminal.seen :].decode()
    folded.show(fresh)
    assert [row.rstrip() for row in folded.rows if row] == [
        "● test  boots debian-12              2s",
        "─ 0 of 1 jobs over, 1s",
    ]


def test_a_flood_is_written_without_waiting_for_the_next_tick() -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin()
    terminal = Terminal(plan_of(test)).tell(*scene.events)
    terminal.tell(*scene.log(b"x" * 60 + b"\n" * 10_000).events[-1:])
    terminal.tell(*scene.log(b"y\n" * 50_000).events[-1:])
    assert len(terminal.out.getvalue()) > 256 * 1024


@settings(deadline=None)
@given(HOSTILE, st.integers(20, 100), st.booleans())
def test_no_log_sends_anything_but_text_and_colour_between_our_own_sequences(
    chunks: list[bytes], width: int, colour: bool
) -> None:
    test = job_plan("test", "a\x1b[2Jb\nc")
    scene = Scene(test).boot().hello(1).begin()
    terminal = Terminal(plan_of(test), width, colour=colour).tell(*scene.events)
    for second, chunk in enumerate(chunks):
        terminal.tell(*scene.log(chunk).events[-1:]).tick(second)
    scene.step(state=StepState.FAILED, exit_code=1).fail(9, Reason(Cause.STEP_FAILED))
    terminal.tell(*scene.events[-2:]).close()
