"""Turns events into the lines that scroll by, those of jobs told apart from our own."""

from solstice.cli.run.ansi import clean_words
from solstice.cli.run.board import Board, JobView
from solstice.cli.run.story import Line, describe_artifact, describe_image, tell_change
from solstice.cli.run.style import Look, Style
from solstice.domain.event import (
    ArtifactStored,
    Event,
    ImageProgress,
    JobChanged,
    LogAppended,
    Notice,
)
from solstice.domain.job import Job

_WIDEST_NAME = 28


class Narrator:
    """Writes the story of a run. A line of ours never starts with a bracket, so no job can forge one."""

    def __init__(self, board: Board, style: Style, *, omit_passing: bool = False) -> None:
        self._board = board
        self._style = style
        self._omit_passing = omit_passing
        self._name_width = min(max(map(len, board.views), default=0), _WIDEST_NAME)
        self._prefixes: dict[str, str] = {}
        self._images: dict[str, tuple[str, int]] = {}

    def narrate(self, event: Event) -> str:
        """Give the lines an event is worth, each ending in a newline; "" for none."""
        match event:
            case LogAppended():
                view = self._board.view(event.job)
                return self._prefix_log(event.job, view, view.take_log(event))
            case JobChanged():
                return self._tell_change(event)
            case ImageProgress():
                return "" if self._omit_passing else self._tell_image(event)
            case ArtifactStored():
                return self._write(event.job, Line(Look.NOTE, describe_artifact(event)))
            case Notice():
                look = Look.WARNING if event.level == "warning" else Look.NOTE
                return f"{self._style.symbol(look)} {clean_words(event.text)}\n"
        return ""

    def finish(self) -> str:
        """Give the unfinished last lines of every log."""
        views = self._board.views.values()
        return "".join(self._prefix_log(view.job, view, view.flush()) for view in views if view.job)

    def _tell_change(self, event: JobChanged) -> str:
        before, job = self._board.take_change(event), event.after
        lines = [line for line in tell_change(before, job) if not (line.is_passing and self._omit_passing)]
        if not lines:
            return ""
        view = self._board.view(job)
        text = self._prefix_log(job, view, view.flush())
        return text + "".join(self._write(job, line) for line in lines)

    def _tell_image(self, event: ImageProgress) -> str:
        # A line for each new phrase and each tenth of the way.
        tenth = 10 * event.done // event.total if event.total > 0 else 0
        if self._images.get(event.image) == (event.phrase, tenth):
            return ""
        self._images[event.image] = (event.phrase, tenth)
        return f"{self._style.symbol(Look.WAITING)} {describe_image(event)}\n"

    def _write(self, job: Job, line: Line) -> str:
        name = self._style.prefix(job.plan.id, self._board.view(job).index)
        return f"{self._style.symbol(line.look)} {name}  {line.text}\n"

    def _prefix_log(self, job: Job, view: JobView, text: str) -> str:
        if not text:
            return ""
        prefix = self._prefixes.get(job.plan.id)
        if prefix is None:
            name = job.plan.id
            prefix = self._style.prefix(f"[{name}]", view.index) + " " * (self._name_width - len(name) + 1)
            self._prefixes[name] = prefix
        return prefix + text[:-1].replace("\n", "\n" + prefix) + "\n"
