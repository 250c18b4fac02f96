"""A run as one JSON object a line, for programs; the shapes are described in ``docs/run-events.md``."""

import codecs
import json
from base64 import b64encode
from datetime import datetime, timedelta

from solstice.cli.run.board import Board
from solstice.cli.run.outlet import Outlet
from solstice.cli.run.rerun import rerun_command
from solstice.cli.run.table import FAILURES, Summary, make_row
from solstice.domain.event import (
    ArtifactStored,
    Event,
    ImageProgress,
    JobChanged,
    LogAppended,
    Notice,
    PipelineEnded,
)
from solstice.domain.job import Job, StepRecord
from solstice.domain.plan import Plan
from solstice.domain.reason import Reason

Json = dict[str, object]


class JsonWatcher:
    """Writes each event as it comes; the text is ASCII only, so it is safe in any terminal."""

    def __init__(self, outlet: Outlet, plan: Plan) -> None:
        self._outlet = outlet
        self._plan = plan
        self._board = Board(plan, colour=False)
        self._texts: dict[str, LogText] = {}
        self._now: datetime | None = None

    def tell(self, event: Event) -> None:
        """Write an event."""
        match event:
            case LogAppended():
                self._tell_log(event)
            case JobChanged():
                self._tell_change(event)
            case ImageProgress(image=image, phrase=phrase, done=done, total=total):
                self._write("image", image=image, phrase=phrase, done_bytes=done, total_bytes=total)
            case ArtifactStored():
                kept = {"size_bytes": event.size, "sha256": event.sha256, "files": event.files}
                self._write("artifact", job=event.job.plan.id, name=event.name, **kept)
            case Notice(text=text, level=level):
                self._write("notice", level=level, text=text)
            case PipelineEnded():
                pass  # written by `close`, with what only the caller knows

    def tick(self, now: datetime) -> None:
        """From now on events bear this time."""
        self._now = now

    def resize(self, width: int, height: int) -> None:
        """Programs have no width."""

    def abandon(self) -> None:
        """Write what waited for its other half; there will be no ``pipeline-ended``."""
        for name in self._texts:
            self._flush_log(name)
        self._outlet.close()

    def close(self, summary: Summary) -> None:
        """Write ``pipeline-ended`` with the closing table."""
        for name in self._texts:
            self._flush_log(name)
        self._write(
            "pipeline-ended",
            success=summary.success,
            seconds=_seconds(summary.duration),
            jobs=[self._write_row(job, summary) for job in self._board.jobs()],
            logs=summary.logs,
            artifacts=summary.artifacts,
        )
        self._outlet.close()

    def _tell_log(self, event: LogAppended) -> None:
        name = event.job.plan.id
        text = self._texts.setdefault(name, LogText())
        if text.attempt != event.job.epoch or text.step != event.step:
            self._flush_log(name)
            text.begin(event.job.epoch, event.step)
        piece = text.take(event.offset, event.data)
        if piece:
            self._write("log", job=name, attempt=text.attempt, step=text.step, **piece)

    def _flush_log(self, name: str) -> None:
        text = self._texts.get(name)
        piece = text.flush() if text else None
        if text and piece:
            self._write("log", job=name, attempt=text.attempt, step=text.step, **piece)

    def _tell_change(self, event: JobChanged) -> None:
        before, job = self._board.take_change(event), event.after
        name = job.plan.id
        known = before.attempt.steps if before and before.attempt and before.epoch == job.epoch else ()
        steps = job.attempt.steps if job.attempt else ()
        for index, step in enumerate(steps):
            was = known[index] if index < len(known) else StepRecord(step.name)
            if step.state is not was.state:
                self._flush_log(name)
                self._write("step", job=name, attempt=job.epoch, step=index, **_write_step(step))
        if before is None or _standing(before) != _standing(job):
            self._write("job", **_write_job(job))

    def _write_row(self, job: Job, summary: Summary) -> Json:
        row = make_row(job)
        entry: Json = {
            "job": row.job,
            "image": row.image,
            "state": job.state.value,
            "result": job.result,
            "attempts": job.epoch,
            "boot_seconds": _seconds(row.boot),
            "run_seconds": _seconds(row.run),
            "way": row.way,
            "phases": {name: _seconds(lasted) for name, lasted in job.attempt.phases} if job.attempt else {},
            "reason": _write_reason(job.reason),
            "log": summary.log_files.get(row.job, ""),
        }
        if job.state in FAILURES:
            entry["rerun"] = rerun_command(self._plan, job.plan, summary.given)
        return entry

    def _write(self, kind: str, **rest: object) -> None:
        time: Json = {"time": self._now.isoformat()} if self._now else {}
        text = json.dumps({"type": kind, **time, **rest}, separators=(",", ":"))
        self._outlet.write_patiently(text + "\n")


class LogText:
    """The text of one job's log, piece by piece: a character cut in two waits for its other half."""

    def __init__(self) -> None:
        self.attempt = 0
        self.step = -1
        self._offset = 0
        self._held = b""

    def begin(self, attempt: int, step: int) -> None:
        """What follows was printed by this step of this attempt."""
        self.attempt, self.step = attempt, step

    def take(self, offset: int, data: bytes) -> Json | None:
        """Give what can be said of a chunk: its text, or its bytes where they are no UTF-8."""
        if not self._held:
            self._offset = offset
        data = self._held + data
        start, self._held = self._offset, b""
        try:
            text, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            return {"offset": start, "base64": b64encode(data).decode("ascii")}
        self._offset, self._held = start + used, data[used:]
        return {"offset": start, "text": text} if text else None

    def flush(self) -> Json | None:
        """Give the bytes that waited in vain."""
        held, self._held = self._held, b""
        return {"offset": self._offset, "base64": b64encode(held).decode("ascii")} if held else None


def _standing(job: Job) -> tuple[object, ...]:
    return (job.state, job.reason, job.epoch, job.image)


def _write_job(job: Job) -> Json:
    return {
        "job": job.plan.id,
        "state": job.state.value,
        "attempt": job.epoch,
        "image": job.image,
        "reason": _write_reason(job.reason),
    }


def _write_step(step: StepRecord) -> Json:
    return {
        "name": step.name,
        "state": step.state.value,
        "exit_code": step.exit_code,
        "signal": step.signal,
        "seconds": _seconds(step.duration),
        "peak_memory_bytes": step.peak_memory,
        "allow_failure": step.allow_failure,
    }


def _write_reason(reason: Reason | None) -> Json | None:
    if reason is None:
        return None
    words: Json = {"cause": reason.cause.word, "fault": reason.cause.fault.value, "text": str(reason)}
    return {**words, "detail": reason.detail} if reason.detail else words


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else round(duration.total_seconds(), 3)
