"""What a watcher remembers of each job: how it stands, and the last lines each step printed."""

from collections import deque

from solstice.cli.run.ansi import RESET, LogLines
from solstice.domain.event import ImageProgress, JobChanged, LogAppended
from solstice.domain.job import Job, StepRecord, StepState
from solstice.domain.plan import Plan

TAIL_LINES = 10
_TAIL_WIDTH = 400
_FAILED = frozenset({StepState.FAILED, StepState.TIMED_OUT})


def failing_step(job: Job) -> tuple[int, StepRecord] | None:
    """The first step whose failure counted; else the one that ran when the job ended."""
    steps = list(enumerate(job.attempt.steps)) if job.attempt else []
    counted = [(i, step) for i, step in steps if step.state in _FAILED and not step.allow_failure]
    caught = [(i, step) for i, step in steps if step.state in {StepState.RUNNING, StepState.CANCELLED}]
    return next(iter(counted + caught), None)


class JobView:
    """One job as last heard of, and the bounded tails of its log."""

    def __init__(self, index: int, colour: bool) -> None:
        self.index = index
        self.job: Job | None = None
        self._lines = LogLines(colour)
        self._step = -1
        self._epoch = 0
        self._tails: dict[int, deque[str]] = {}

    def take_log(self, event: LogAppended) -> str:
        """Take bytes of the log; give the cleaned lines that are whole now."""
        text = ""
        if event.job.epoch != self._epoch:
            text = self.flush()
            self._epoch = event.job.epoch
            self._tails.clear()
        if event.step != self._step:
            text += self.flush()
            self._step = event.step
        fresh = self._lines.feed(event.data)
        self._keep(fresh)
        return text + fresh

    def flush(self) -> str:
        """Give the unfinished last line, if there is one."""
        rest = self._lines.flush()
        self._keep(rest)
        return rest

    def forget_tail(self, step: int) -> None:
        """A step ended well: nobody will ask for its last lines."""
        self._tails.pop(step, None)

    def tail(self, step: int) -> list[str]:
        """The last lines of a step (-1: between steps)."""
        return list(self._tails.get(step, ()))

    def last_lines(self) -> list[str]:
        """The last lines of whatever printed last."""
        return self.tail(self._step)

    def _keep(self, text: str) -> None:
        if not text:
            return
        tail = self._tails.setdefault(self._step, deque(maxlen=TAIL_LINES))
        for line in text[:-1].rsplit("\n", TAIL_LINES)[-TAIL_LINES:]:
            tail.append(line if len(line) <= _TAIL_WIDTH else _shorten(line))


class Board:
    """Every job of a run, in the plan's order."""

    def __init__(self, plan: Plan, colour: bool) -> None:
        self._colour = colour
        self.images: dict[str, ImageProgress] = {}
        """Images on their way, by name."""
        self.views = {job.id: JobView(i, colour) for i, job in enumerate(plan.jobs)}

    def view(self, job: Job) -> JobView:
        """The view of a job; one the plan does not know is added."""
        known = self.views.get(job.plan.id)
        if known is None:
            known = self.views[job.plan.id] = JobView(len(self.views), self._colour)
        return known

    def take_change(self, event: JobChanged) -> Job | None:
        """Note how a job stands now; give how it stood as far as we had heard."""
        view, job = self.view(event.after), event.after
        before, view.job = view.job or event.before, job
        if job.image:
            self.images.pop(job.image, None)
        for index, step in enumerate(job.attempt.steps if job.attempt else ()):
            if step.state is StepState.SUCCEEDED:
                view.forget_tail(index)
        return before

    def jobs(self) -> list[Job]:
        """Every job heard of, in the plan's order."""
        return [view.job for view in self.views.values() if view.job]


def _shorten(line: str) -> str:
    kept = line[:_TAIL_WIDTH]
    if "\x1b" not in line:
        return kept + "…"
    # The cut may have gone through a colour sequence: drop what is left of it.
    start = kept.rfind("\x1b")
    return (kept if "m" in kept[start:] else kept[:start]) + RESET + "…"
