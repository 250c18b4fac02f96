"""The end of a run: one row a job; for each failure whose fault, where, and how to run it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from solstice.cli.run.amounts import show_duration
from solstice.cli.run.ansi import clean_words
from solstice.cli.run.board import Board, JobView, failing_step
from solstice.cli.run.rerun import Given, rerun_command
from solstice.cli.run.story import boot_time, describe_outcome, name_culprit, run_time
from solstice.cli.run.style import Look, Style, fit, look_of_job, measure, pad
from solstice.domain.job import Job, JobState, StepState
from solstice.domain.plan import Plan

FAILURES = frozenset({JobState.FAILED, JobState.TIMED_OUT})
_TITLES = ("job", "image", "boot", "run", "result", "why")
_NARROWEST_WHY = 12


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

    def words(self) -> tuple[str, ...]:
        """The cells as text."""
        times = (show_duration(self.boot), show_duration(self.run))
        return (self.job, self.image or "–", *times, self.result, self.why)


def make_row(job: Job) -> Row:
    """Say how one job ended."""
    tries = f" (attempt {job.epoch})" if job.epoch > 1 else ""
    result = job.state.value.replace("_", " ") + tries
    image = clean_words(job.image)
    return Row(job.plan.id, image, boot_time(job), run_time(job), result, _explain(job), look_of_job(job))


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
    if width > 0:
        taken = 2 + sum(widths[:-1]) + 2 * (len(_TITLES) - 1)
        widths[-1] = min(widths[-1], max(width - taken, _NARROWEST_WHY))
    yield style.faint("  " + _align(_TITLES, widths))
    for row in rows:
        words = list(row.words())
        line = _align(words, widths)
        # The result is the one coloured cell: colour means state.
        start = sum(widths[:4]) + 2 * 4
        end = start + len(row.result)
        painted = line[:start] + style.state(line[start:end], row.look) + line[end:]
        yield f"{style.symbol(row.look)} {painted}"


def _align(words: tuple[str, ...] | list[str], widths: list[int]) -> str:
    job, image, boot, run, result, why = words
    cells = [
        pad(job, widths[0]),
        pad(image, widths[1]),
        " " * (widths[2] - measure(boot)) + boot,
        " " * (widths[3] - measure(run)) + run,
        pad(result, widths[4]),
        fit(why, widths[5]),
    ]
    return "  ".join(cells).rstrip()


def _show_failure(view: JobView, job: Job, plan: Plan, summary: Summary, style: Style) -> Iterator[str]:
    look = look_of_job(job)
    why = f": {clean_words(str(job.reason))}" if job.reason else ""
    headline = f"{job.plan.id} {job.state.value.replace('_', ' ')}{why}"
    yield f"{style.symbol(look)} {style.state(headline, look)}"
    yield f"  whose fault: {name_culprit(job)}"
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
