"""Programs the agent itself runs for a job (git): as the job's user, in a clean environment, into the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from solstice.agent.job import PhaseFailed, Standing
from solstice.agent.logs import JobLog
from solstice.agent.processes import sweep
from solstice.agent.shell import Process, run_until
from solstice.agent.workspace import Workspace

_KILL_AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs one program at a time; all end when the job is called off."""

    workspace: Workspace
    log: JobLog
    standing: Standing

    async def run(self, argv: Sequence[str], cwd: Path | None = None) -> bool:
        """Whether it succeeded; `PhaseFailed` if it cannot be started or the job was called off."""
        user = self.workspace.user
        try:
            process = Process(
                argv, cwd=cwd or self.workspace.checkout, env=user.environment(), user=user, sweep=sweep
            )
        except OSError as error:
            raise PhaseFailed(f"cannot run {argv[0]}: {error.strerror or error}") from error
        ending = await run_until(process, self.log.write, self.standing.stop, _KILL_AFTER_SECONDS)
        if self.standing.stopped_as is not None:
            raise PhaseFailed(f"{argv[0]} was ended with the job")
        return ending.exit_code == 0 and ending.signal == 0
