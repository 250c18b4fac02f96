"""The steps of a job, one process after the other, each told by its condition and bounded by its timeout."""

import asyncio
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solstice.agent.job import PhaseFailed, Standing
from solstice.agent.logs import JobLog
from solstice.agent.outbox import Outbox
from solstice.agent.outputs import MAX_FILE_BYTES, OutputMistake, parse_outputs
from solstice.agent.processes import sweep
from solstice.agent.shell import Ending, Process, command_for, run_until
from solstice.agent.workspace import Workspace
from solstice.domain.masking import Masker
from solstice.wire.agent import messages

KILL_AFTER_SECONDS = 10.0
"""Between TERM and KILL."""
_CANNOT_START = 126
_SUFFIXES = {"pwsh": ".ps1", "python": ".py", "python3": ".py", "node": ".js"}


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs the steps of one assignment."""

    assignment: Any
    workspace: Workspace
    outbox: Outbox
    log: JobLog
    standing: Standing

    async def run(self) -> None:
        """Every step in order, or the notice that it was skipped."""
        for number, step in enumerate(self.assignment.steps):
            offset = self.log.begin(number)
            if self.standing.allows(step):
                self.outbox.post(step_started=messages.StepStarted(step=number, log_offset=offset))
                await self._run_step(number, step)
            else:
                self._report(number, messages.STEP_RESULT_SKIPPED, None)

    async def _run_step(self, number: int, step: Any) -> None:
        folder = self.workspace.private / f"step-{number}"
        output = folder / "output"
        stopped_before = self.standing.stopped_as is not None
        timer = _Timer(self._limit(step), self.standing.stop)
        ending = await self._run_process(step, folder, output, timer.stop)
        timer.cancel()
        result = self._judge(step, ending, timer.ran_out, stopped_before)
        self._send_outputs(output)
        self._report(number, result, ending)

    def _limit(self, step: Any) -> float | None:
        limit = step.timeout_ms / 1000 if step.timeout_ms else None
        if self.standing.stopped_as is None:
            return limit
        return min(limit or self.standing.seconds_left(), self.standing.seconds_left())

    async def _run_process(
        self, step: Any, folder: Path, output: Path, stop: "asyncio.Future[None]"
    ) -> Ending:
        try:
            self.workspace.create_step_folder(folder, output)
            argv = self._command(step, folder)
            process = Process(
                argv,
                cwd=self.workspace.checkout,
                env=self._environment(step, output),
                user=self.workspace.user,
                sweep=sweep,
            )
        except (OSError, ValueError, PhaseFailed) as error:
            self.log.say(f"[solstice: the step cannot be started: {error}]")
            return Ending(exit_code=_CANNOT_START, signal=0, duration_ms=0, peak_memory_bytes=0)
        ending = await run_until(process, self.log.write, stop, KILL_AFTER_SECONDS)
        if ending.survivors:
            self.log.say(f"[solstice: {ending.survivors} processes of this step could not be ended]")
        return ending

    def _command(self, step: Any, folder: Path) -> list[str]:
        if not step.path:
            suffix = _SUFFIXES.get(step.shell, "")
            return command_for(step.shell, str(self.workspace.write_script(folder, step.run, suffix)))
        checkout = self.workspace.checkout.resolve()
        script = (checkout / step.path).resolve()
        if not script.is_relative_to(checkout) or not script.is_file():
            raise PhaseFailed(f'"{step.path}" is not a file of the checkout')
        if not step.shell and script.stat().st_mode & stat.S_IXUSR and _has_interpreter(script):
            return [str(script)]
        return command_for(step.shell, str(script))

    def _environment(self, step: Any, output: Path) -> dict[str, str]:
        return {
            **self.workspace.user.environment(),
            "CI": "true",
            "SOLSTICE": "true",
            **self.assignment.env,
            **step.env,
            **self.assignment.secrets,
            "SOLSTICE_WORKDIR": str(self.workspace.checkout),
            "SOLSTICE_OUTPUT": str(output),
        }

    def _judge(self, step: Any, ending: Ending, ran_out: bool, stopped_before: bool) -> Any:
        """The step's result, and what it means for the job."""
        if self.standing.stopped_as is not None and not stopped_before:
            if self.standing.stopped_as == messages.JOB_RESULT_TIMED_OUT:
                return messages.STEP_RESULT_TIMED_OUT
            return messages.STEP_RESULT_CANCELLED
        if not ran_out and ending.exit_code == 0 and ending.signal == 0:
            return messages.STEP_RESULT_SUCCEEDED
        if not step.allow_failure:
            self.standing.unprepared |= step.setup
            self.standing.fail(_reason(step, ending, ran_out))
        return messages.STEP_RESULT_TIMED_OUT if ran_out else messages.STEP_RESULT_FAILED

    def _send_outputs(self, output: Path) -> None:
        try:
            with output.open("rb") as file:
                found = parse_outputs(file.read(MAX_FILE_BYTES + 1))
        except OSError:
            return
        except OutputMistake as mistake:
            self.log.say(f"[solstice: {mistake}; no output of this step was taken]")
            self.standing.fail(str(mistake))
            return
        masker = Masker(self.assignment.secrets.values())
        for name, value in found.items():
            if masker.feed(value.encode()) + masker.flush() != value.encode():
                self.log.say(f'[solstice: output "{name}" holds a secret and is not passed on]')
            else:
                self.outbox.post(output=messages.Output(name=name, value=value))

    def _report(self, number: int, result: Any, ending: Ending | None) -> None:
        log_end = self.log.finish()
        ending = ending or Ending(exit_code=0, signal=0, duration_ms=0, peak_memory_bytes=0)
        self.outbox.post(
            step_finished=messages.StepFinished(
                step=number,
                result=result,
                exit_code=ending.exit_code,
                signal=ending.signal,
                duration_ms=ending.duration_ms,
                peak_memory_bytes=ending.peak_memory_bytes,
                log_end=log_end,
            )
        )


class _Timer:
    """A future that is done when the job is stopped or the time runs out, whichever is first."""

    def __init__(self, seconds: float | None, job_stop: "asyncio.Future[None]") -> None:
        loop = asyncio.get_running_loop()
        self.stop: asyncio.Future[None] = loop.create_future()
        self.ran_out = False
        self._job_stop = job_stop
        self._handle = None if seconds is None else loop.call_later(seconds, self._run_out)
        if not job_stop.done():
            job_stop.add_done_callback(self._end)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._job_stop.remove_done_callback(self._end)

    def _run_out(self) -> None:
        if not self.stop.done():
            self.ran_out = True
            self.stop.set_result(None)

    def _end(self, _: object) -> None:
        if not self.stop.done():
            self.stop.set_result(None)


def _has_interpreter(script: Path) -> bool:
    with script.open("rb") as file:
        return file.read(2) == b"#!"


def _reason(step: Any, ending: Ending, ran_out: bool) -> str:
    """Why the job failed, where it is not a step's exit code."""
    if ran_out:
        return f'step "{step.name}" ran out of its {step.timeout_ms / 1000:g} s'
    if ending.signal:
        return f'step "{step.name}" was killed by signal {ending.signal}'
    return ""
