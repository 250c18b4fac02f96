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
        self._now: datetime | None = None

    def tell(self, event: Event) -> None:
        """Write an event."""
        match event:
            case LogAppended():
                self._write("log", job=event.job.plan.id, **_write_log(event))
            case JobChanged():
                self._board.view(event.after).job = event.after
                self._write("job", **_write_job(event.after))
            case ImageProgress(image=image, phrase=phrase, done=done, total=total):
                self._write("image", image=image, phrase=phrase, done=done, total=total)
            case ArtifactStored():
                kept = {"size": event.size, "sha256": event.sha256, "files": event.files}
                self._write("artifact", job=event.job.plan.id, name=event.name, **kept)
            case Notice(text=text, level=level):
                self._write("notice", level=level, text=text)
            case PipelineEnded():
                pass  # written by `close`, with what only the caller knows

    def tick(self, now: datetime) -> None:
        """From now on events bear this time."""
        self._now = now

    def close(self, summary: Summary) -> None:
        """Write ``pipeline-ended`` with the closing table."""
        self._write(
            "pipeline-ended",
            success=summary.success,
            seconds=_seconds(summary.duration),
            jobs=[self._write_row(job, summary) for job in self._board.jobs()],
            logs=summary.logs,
            artifacts=summary.artifacts,
        )

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
            "reason": _write_reason(job.reason),
            "log": summary.log_files.get(row.job, ""),
        }
        if job.state in FAILURES:
            entry["rerun"] = rerun_command(self._plan, job.plan, summary.given)
        return entry

    def _write(self, kind: str, **rest: object) -> None:
        time: Json = {"time": self._now.isoformat()} if self._now else {}
        text = json.dumps({"type": kind, **time, **rest}, separators=(",", ":"))
        self._outlet.write(text + "\n")


def _write_log(event: LogAppended) -> Json:
    where: Json = {"step": event.step, "offset": event.offset}
    try:
        return {**where, "text": codecs.decode(event.data, "utf-8")}
    except UnicodeDecodeError:
        return {**where, "base64": b64encode(event.data).decode("ascii")}


def _write_job(job: Job) -> Json:
    steps = job.attempt.steps if job.attempt else ()
    return {
        "job": job.plan.id,
        "state": job.state.value,
        "attempt": job.epoch,
        "image": job.image,
        "reason": _write_reason(job.reason),
        "steps": [_write_step(step) for step in steps],
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
    return {"cause": reason.cause.word, "fault": reason.cause.fault.value, "text": str(reason)}


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else round(duration.total_seconds(), 3)
