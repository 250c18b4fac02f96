"""The job's files that outlive its machine, and those of other jobs that it asked for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from solstice.agent.archive import Entry, pack, unpack
from solstice.agent.globs import PatternMistake, find_files
from solstice.agent.job import PhaseFailed
from solstice.agent.logs import JobLog
from solstice.agent.transfers import Absent, Transfers
from solstice.agent.workspace import Workspace
from solstice.wire.agent import GET_ARTIFACT, PUT_ARTIFACT, REPORTS_ARTIFACT, messages

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Keeps and fetches artifacts, as tar streams of regular files named relative to the checkout."""

    workspace: Workspace
    transfers: Transfers
    log: JobLog

    async def keep(self, wanted: Sequence[Any]) -> None:
        """Send every artifact that can be had, then `PhaseFailed` for the first that could not."""
        failures = [failure for artifact in wanted if (failure := await self._keep_one(artifact))]
        for failure in failures[1:]:
            self.log.say(f"[solstice: {failure}]")
        if failures:
            raise PhaseFailed(failures[0])

    async def _keep_one(self, artifact: Any) -> str:
        """Why it could not be kept; "" if it was."""
        try:
            entries = self._entries(artifact.paths)
            if not entries:
                return f'artifact "{artifact.name}" matches no file'
            receipt = await self._send(artifact.name, entries)
        except PatternMistake as mistake:
            return f'artifact "{artifact.name}": {mistake}'
        except PhaseFailed as failure:
            return f'artifact "{artifact.name}" could not be kept: {failure}'
        files = "1 file" if len(entries) == 1 else f"{len(entries)} files"
        self.log.say(f'[solstice: kept artifact "{artifact.name}": {files}, {receipt.size} bytes]')
        return ""

    async def keep_reports(self, patterns: Sequence[str]) -> None:
        """Send what there is of the test reports: a job that wrote none is no worse for it."""
        try:
            if entries := self._entries(patterns):
                await self._send(REPORTS_ARTIFACT, entries)
        except (PatternMistake, PhaseFailed) as failure:
            log.warning("the test reports could not be kept: %s", failure)

    async def fetch(self, wanted: Sequence[Any]) -> None:
        """Unpack artifacts of other jobs into the checkout."""
        for fetch in wanted:
            try:
                folder = self.workspace.folder_inside(fetch.folder)
            except (ValueError, OSError) as error:
                raise PhaseFailed(f'cannot unpack artifact "{fetch.artifact}": {error}') from error

            def take(file: IO[bytes], folder: Any = folder) -> int:
                return unpack(file, {"": folder}, self.workspace.user.own, links=False)

            request = messages.ArtifactRequest(name=fetch.artifact, job=fetch.job)
            try:
                files = await self.transfers.receive(GET_ARTIFACT, request, take)
            except Absent:
                raise PhaseFailed(f'job "{fetch.job}" left no artifact "{fetch.artifact}"') from None
            self.log.say(f'[solstice: fetched artifact "{fetch.artifact}" of "{fetch.job}": {files} files]')

    def _entries(self, patterns: Sequence[str]) -> list[Entry]:
        return [Entry(file.name, file.path) for file in find_files(self.workspace.checkout, patterns)]

    async def _send(self, name: str, entries: Sequence[Entry]) -> Any:
        header = messages.ArtifactHeader(name=name)
        return await self.transfers.send(PUT_ARTIFACT, header, lambda file: pack(entries, file))
