"""The end of a run: one row a job; for each failure whose fault, where, and how to run it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from solstice.cli.run.amounts import show_duration
from solstice.cli.run.ansi import clean_words
from solstice.cli.run.board import Board, JobView, failing_step
from solstice.cli.run.rerun import Given, rerun_command
from solstice.cli.run.story import boot_time, describe_outcome, name_culprit, run_time
from solstice.cli.run.style import Look, Style, fit, look_of_job, measure
from solstice.domain.job import Job, JobState, StepState
from solstice.domain.plan import Plan

FAILURES = frozenset({JobState.FAILED, JobState.TIMED_OUT})
_TITLES = ("job", "image", "boot", "run", "result", "why")
_IMAGE, _BOOT, _RUN, _RESULT, _WHY = range(1, 6)
_NARROWEST_WHY = 12
MOST_DETAIL = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What only the caller knows at the end of a run.

    ``logs`` and ``artifacts`` are folders, "" if there are none; ``log_files`` holds a path for a plan id.
    """

    success: bool
    duration: timedelta
    given: Given = field(default_factory=Given)
    logs: str = ""
    artifacts: str = ""
    log_files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A job in the closing table."""

    job: str
    image: str
    boot: timedelta | None
    run: timedelta | None
    result: str
    why: str
    look: Look
    way: str = ""

    def words(self) -> tuple[str, ...]:
        """The cells as text."""
        boot = f"{show_duration(self.boot)} {self.way}".rstrip()
        return (self.job, self.image or "–", boot, show_duration(self.run), self.result, self.why)


def make_row(job: Job) -> Row:
    """Say how one job ended."""
    tries = f" (attempt {job.epoch})" if job.epoch > 1 else ""
    result = job.state.value.replace("_", " ") + tries
    image = clean_words(job.image)
    way = job.attempt.way if job.attempt else ""
    times = (boot_time(job), run_time(job))
    return Row(job.plan.id, image, *times, result, _explain(job), look_of_job(job), way)


def show_closing(board: Board, plan: Plan, summary: Summary, style: Style, width: int) -> str:
    """Write the table, the failures, where things are, and the verdict."""
    parts = [*_show_table([make_row(job) for job in board.jobs()], style, width)]
    for view in board.views.values():
        if view.job and view.job.state in FAILURES:
            parts += ["", *_show_failure(view, view.job, plan, summary, style)]
    parts += ["", *_show_places(summary), _show_verdict(board, summary, style)]
    return "".join(f"{line}\n" for line in parts)


def _explain(job: Job) -> str:
    if job.reason:
        return clean_words(str(job.reason))
    steps = job.attempt.steps if job.attempt else ()
    forgiven = [clean_words(s.name) for s in steps if s.allow_failure and s.state is StepState.FAILED]
    return f"allowed to fail: {', '.join(forgiven)}" if forgiven else ""


def _show_table(rows: list[Row], style: Style, width: int) -> Iterator[str]:
    if not rows:
        return
    cells = [_TITLES, *(row.words() for row in rows)]
    widths = [max(measure(line[column]) for line in cells) for column in range(len(_TITLES))]
    shown = _choose_columns(widths, width)
    yield style.faint("  " + "  ".join(_align(_TITLES, widths, shown)).rstrip())
    for row in rows:
        line = _align(row.words(), widths, shown)
        # The result is the one coloured cell: colour means state.
        at = shown.index(_RESULT)
        line[at] = style.state(row.result, row.look) + " " * (widths[_RESULT] - measure(row.result))
        yield f"{style.symbol(row.look)} {'  '.join(line).rstrip()}"


def _choose_columns(widths: list[int], width: int) -> list[int]:
    """Leave out what a narrow terminal can do without, and narrow the reasons to what is left."""
    shown = list(range(len(_TITLES)))
    if width <= 0:
        return shown
    for dispensable in (None, _WHY, _IMAGE, _BOOT):
        if dispensable is not None:
            shown.remove(dispensable)
        left = width - 2 - sum(widths[column] + 2 for column in shown if column != _WHY)
        if _WHY in shown and left >= min(_NARROWEST_WHY, widths[_WHY]):
            widths[_WHY] = min(widths[_WHY], left)
            return shown
        if _WHY not in shown and left >= -2:
            return shown
    return shown


def _align(words: tuple[str, ...], widths: list[int], shown: list[int]) -> list[str]:
    cells = []
    for column in shown:
        word = fit(words[column], widths[column])
        gap = " " * (widths[column] - measure(word))
        cells.append(gap + word if column in {_BOOT, _RUN} else word + gap)
    return cells


def _show_failure(view: JobView, job: Job, plan: Plan, summary: Summary, style: Style) -> Iterator[str]:
    look = look_of_job(job)
    why = f": {clean_words(str(job.reason))}" if job.reason else ""
    headline = f"{job.plan.id} {job.state.value.replace('_', ' ')}{why}"
    yield f"{style.symbol(look)} {style.state(headline, look)}"
    yield f"  whose fault: {name_culprit(job)}"
    for line in (job.reason.detail.splitlines() if job.reason else ())[-MOST_DETAIL:]:
        yield f"  {style.faint('┆')} {clean_words(line)}"
    found = failing_step(job)
    if found:
        index, step = found
        yield f"  step {index + 1}, {clean_words(step.name)}: {describe_outcome(step)}"
    lines = view.tail(found[0]) if found else view.last_lines()
    for line in lines:
        yield f"  {style.faint('│')} {line}"
    log = summary.log_files.get(job.plan.id)
    if log:
        yield f"  whole log: {clean_words(log)}"
    if look is Look.OUR_FAULT and job.machine:
        yield "  what to do: run it again; with --keep-failed its disk and console are kept to look at"
    yield f"  run it again alone:  {style.strong(clean_words(rerun_command(plan, job.plan, summary.given)))}"


def _show_places(summary: Summary) -> Iterator[str]:
    if summary.logs:
        yield f"logs:      {clean_words(summary.logs)}"
    if summary.artifacts:
        yield f"artifacts: {clean_words(summary.artifacts)}"


def _show_verdict(board: Board, summary: Summary, style: Style) -> str:
    counts: dict[JobState, int] = {}
    for job in board.jobs():
        counts[job.state] = counts.get(job.state, 0) + 1
    tally = ", ".join(f"{count} {state.value.replace('_', ' ')}" for state, count in counts.items())
    look = Look.SUCCEEDED if summary.success else Look.FAILED
    word = "succeeded" if summary.success else "did not succeed"
    verdict = style.state(f"{word} in {show_duration(summary.duration)}", look)
    return f"{style.symbol(look)} {verdict}{f': {tally}' if tally else ''}"
