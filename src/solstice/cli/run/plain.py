"""A run as plain lines, for files, pipes and other machines' logs: nothing moves, nothing is taken back."""

from datetime import datetime

from solstice.cli.run.ansi import clean_words
from solstice.cli.run.board import Board, JobView
from solstice.cli.run.outlet import Outlet
from solstice.cli.run.story import Line, describe_artifact, describe_image, tell_change
from solstice.cli.run.style import Look, Style
from solstice.cli.run.table import Summary, show_closing
from solstice.domain.event import (
    ArtifactStored,
    Event,
    ImageProgress,
    JobChanged,
    LogAppended,
    Notice,
    PipelineEnded,
)
from solstice.domain.job import StepState
from solstice.domain.plan import Plan

_WIDEST_NAME = 28


class PlainWatcher:
    """Writes ``[job] line`` for what jobs print; lines of our own never start with a bracket, so that no
    job can forge one."""

    def __init__(self, outlet: Outlet, plan: Plan, style: Style, width: int) -> None:
        self._outlet = outlet
        self._plan = plan
        self._style = style
        self._width = width
        self._board = Board(plan, style.colour)
        self._name_width = min(max((len(job.id) for job in plan.jobs), default=0), _WIDEST_NAME)
        self._prefixes: dict[str, str] = {}
        self._images: dict[str, tuple[str, int]] = {}

    def tell(self, event: Event) -> None:
        """Show an event."""
        match event:
            case LogAppended():
                view = self._board.view(event.job)
                self._write_log(event.job.plan.id, view, view.take_log(event))
            case JobChanged():
                self._tell_change(event)
            case ImageProgress():
                self._tell_image(event)
            case ArtifactStored():
                self._write(event.job.plan.id, Line(Look.NOTE, describe_artifact(event)))
            case Notice():
                look = Look.OUR_FAULT if event.level == "warning" else Look.NOTE
                self._outlet.write(f"{self._style.symbol(look)} {clean_words(event.text)}\n")
            case PipelineEnded():
                pass

    def tick(self, now: datetime) -> None:
        """Nothing here depends on the time."""

    def close(self, summary: Summary) -> None:
        """Show the closing table."""
        for name, view in self._board.views.items():
            self._write_log(name, view, view.flush())
        self._outlet.write("\n" + show_closing(self._board, self._plan, summary, self._style, self._width))

    def _tell_change(self, event: JobChanged) -> None:
        view = self._board.view(event.after)
        before, view.job = view.job or event.before, event.after
        lines = list(tell_change(before, event.after))
        if lines:
            self._write_log(event.after.plan.id, view, view.flush())
        for line in lines:
            self._write(event.after.plan.id, line)
        for index, step in enumerate(event.after.attempt.steps if event.after.attempt else ()):
            if step.state is StepState.SUCCEEDED:
                view.forget_tail(index)

    def _tell_image(self, event: ImageProgress) -> None:
        # A line for each new phrase and each tenth of the way.
        tenth = 10 * event.done // event.total if event.total > 0 else 0
        if self._images.get(event.image) != (event.phrase, tenth):
            self._images[event.image] = (event.phrase, tenth)
            self._outlet.write(f"{self._style.symbol(Look.WAITING)} {describe_image(event)}\n")

    def _write(self, job: str, line: Line) -> None:
        name = self._style.prefix(job, self._board.views[job].index)
        self._outlet.write(f"{self._style.symbol(line.look)} {name}  {line.text}\n")

    def _write_log(self, job: str, view: JobView, text: str) -> None:
        if text:
            prefix = self._prefix(job, view)
            self._outlet.write(prefix + text[:-1].replace("\n", "\n" + prefix) + "\n")

    def _prefix(self, job: str, view: JobView) -> str:
        known = self._prefixes.get(job)
        if known is None:
            gap = " " * (self._name_width - len(job))
            known = self._prefixes[job] = self._style.prefix(f"[{job}]", view.index) + gap + " "
        return known
