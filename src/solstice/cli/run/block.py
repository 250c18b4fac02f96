"""The block below the lines: a row for each unfinished job, as many as there is room for, and a tally."""

from datetime import datetime, timedelta

from solstice.cli.run.amounts import show_elapsed
from solstice.cli.run.ansi import clean_words
from solstice.cli.run.board import Board, JobView
from solstice.cli.run.story import describe_image, describe_wait
from solstice.cli.run.style import Look, Style, fit, look_of_job, measure, pad
from solstice.domain.job import Job, JobState, StepState

_WIDEST_NAME = 32
_UNDERWAY = frozenset({JobState.STARTING, JobState.RUNNING})
_Drawn = tuple[str, str]
"""A line as it is measured, and as it is painted."""


def draw_block(
    board: Board, style: Style, width: int, rows: int, now: datetime, began: datetime
) -> list[_Drawn]:
    """Give at most ``rows`` lines, none wider than ``width``."""
    unfinished = [view for view in board.views.values() if view.job and not view.job.state.is_over]
    unfinished.sort(key=lambda view: bool(view.job and view.job.state not in _UNDERWAY))
    images = [_draw_image(describe_image(event), style, width) for event in board.images.values()]
    images = images[: max(rows - 1 - min(len(unfinished), 1), 0)]
    room = rows - 1 - len(images)
    shown = unfinished if len(unfinished) <= room else unfinished[: max(room - 1, 0)]
    name_width = min(max((len(view.job.plan.id) for view in shown if view.job), default=0), _WIDEST_NAME)
    name_width = min(name_width, width // 3)
    lines = [_draw_job(view, view.job, style, width, name_width, now) for view in shown if view.job]
    if len(shown) < len(unfinished) and room > 0:
        lines.append(_draw_rest(unfinished[len(shown) :], style, width))
    return [*images, *lines, _draw_tally(board, style, width, now - began)]


def _draw_job(view: JobView, job: Job, style: Style, width: int, name_width: int, now: datetime) -> _Drawn:
    phrase, since = _describe(job)
    elapsed = show_elapsed(now - since)
    name = pad(fit(job.plan.id, name_width), name_width)
    room = width - name_width - 5 - max(measure(elapsed), 7)
    phrase = pad(fit(phrase, room), max(room, 0))
    elapsed = elapsed.rjust(7)
    look = look_of_job(job)
    plain = f"{look.value[0]} {name}  {phrase} {elapsed}"
    painted = f"{style.symbol(look)} {style.prefix(name, view.index)}  {phrase} {style.faint(elapsed)}"
    return plain, painted


def _describe(job: Job) -> tuple[str, datetime]:
    attempt = job.attempt
    if job.state not in _UNDERWAY or attempt is None:
        return describe_wait(job), job.created_at
    again = f" (attempt {job.epoch})" if job.epoch > 1 else ""
    if job.state is JobState.STARTING:
        return f"boots {clean_words(job.image)}{again}", attempt.claimed_at
    since = attempt.hello_at or attempt.claimed_at
    if job.cancel:
        return f"is being cancelled: {clean_words(str(job.cancel))}", since
    for index, step in enumerate(attempt.steps):
        if step.state is StepState.RUNNING:
            return f"step {index + 1} of {len(attempt.steps)}: {clean_words(step.name)}{again}", since
    begun = any(step.state is not StepState.WAITING for step in attempt.steps)
    return ("between steps" if begun else "gets its checkout ready") + again, since


def _draw_image(text: str, style: Style, width: int) -> _Drawn:
    plain = fit(text, width - 2)
    return f"{Look.WAITING.value[0]} {plain}", f"{style.symbol(Look.WAITING)} {plain}"


def _draw_rest(views: list[JobView], style: Style, width: int) -> _Drawn:
    running = sum(1 for view in views if view.job and view.job.state in _UNDERWAY)
    waiting = len(views) - running
    counts = [f"{count} {word}" for count, word in ((running, "running"), (waiting, "waiting")) if count]
    plain = fit(f"… and {len(views)} more: {', '.join(counts)}", width)
    return plain, style.faint(plain)


def _draw_tally(board: Board, style: Style, width: int, elapsed: timedelta) -> _Drawn:
    jobs = board.jobs()
    over = [job for job in jobs if job.state.is_over]
    bad = [job for job in over if job.state in {JobState.FAILED, JobState.TIMED_OUT}]
    text = f"{len(over)} of {max(len(board.views), len(jobs))} jobs over"
    if bad:
        text += f", {len(bad)} failed"
    plain = fit(f"─ {text}, {show_elapsed(elapsed)}", width)
    return plain, style.state(plain, Look.FAILED) if bad else style.faint(plain)
