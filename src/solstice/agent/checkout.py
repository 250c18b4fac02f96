"""The commit into the workspace: from its repository with git, or from a bundle sent through the session."""

import hashlib
import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from solstice.agent.commands import Commands
from solstice.agent.job import PhaseFailed
from solstice.agent.transfers import Absent, Transfers
from solstice.wire.agent import CUT_REFS, GET_SOURCE, messages

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BLOCK_BYTES = 256 * 1024
_EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
# Nothing of the machine's own settings may stop or steer a checkout, and nobody is there to answer.
_GIT = (
    "git",
    "-c",
    "advice.detachedHead=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "init.defaultBranch=main",
    "-c",
    "protocol.ext.allow=never",
)


@dataclass(frozen=True, slots=True)
class Checkout:
    """Puts exactly the commit of ``source`` into the workspace, with as few processes as will do."""

    source: Any
    commands: Commands
    transfers: Transfers

    async def run(self) -> None:
        """`PhaseFailed`, saying what git or the transfer could not do."""
        kind = self.source.WhichOneof("kind")
        if kind is None:
            return
        if not _COMMIT.fullmatch(self.source.commit):
            raise PhaseFailed(f'"{self.source.commit}" is not the full name of a commit')
        await self._git("init", "--quiet", *self._object_format(), ".", failure="cannot make a repository")
        if kind == "bundle":
            await self._fetch_bundle()
        else:
            await self._fetch_url(self.source.git.url)
        await self._git(
            "checkout",
            "--quiet",
            "--force",
            "--detach",
            self.source.commit,
            failure=f"cannot check out {self.source.commit}: the source does not hold it",
        )
        await self._complete()

    async def _fetch_url(self, url: str) -> None:
        if url.startswith("-") or not url:
            raise PhaseFailed(f'"{url}" is no repository')
        await self._git("remote", "add", "origin", url, failure=f"cannot use the repository {url}")
        commit = self.source.commit
        if self.source.depth:
            depth = f"--depth={self.source.depth}"
            if await self._try("fetch", "--quiet", "--no-tags", depth, "origin", commit):
                return
            self.commands.log.say("[solstice: the server does not give single commits; fetching everything]")
        await self._git("fetch", "--quiet", "origin", *_EVERYTHING, failure=f"cannot fetch from {url}")

    async def _fetch_bundle(self) -> None:
        bundle = self.source.bundle
        folder = self.commands.workspace.private / "source"
        self.commands.workspace.create_step_folder(folder)
        path = folder / "source.bundle"
        await self._download(path)
        if bundle.shallow:
            shallow = self.commands.workspace.checkout / ".git" / "shallow"
            cut = _read_cut(path) or [self.source.commit]
            shallow.write_text("".join(f"{name}\n" for name in cut), "ascii")
            self.commands.workspace.user.own(shallow)
        await self._git(
            "fetch", "--quiet", "--no-tags", str(path), bundle.ref, failure="cannot read the source's bundle"
        )
        path.unlink()

    async def _download(self, path: Path) -> None:
        try:
            size, digest = await self.transfers.receive(
                GET_SOURCE, messages.SourceRequest(), lambda file: _store(file, path)
            )
        except Absent:
            raise PhaseFailed("the orchestrator has no source for this job") from None
        bundle = self.source.bundle
        if size != bundle.size or digest != bundle.sha256:
            raise PhaseFailed(f"the source arrived damaged: {size} bytes of {bundle.size}, sha256 {digest}")
        self.commands.workspace.user.own(path)

    async def _complete(self) -> None:
        if self.source.submodules:
            depth = [f"--depth={self.source.depth}"] if self.source.depth else []
            words = ("submodule", "--quiet", "update", "--init", "--recursive", *depth)
            await self._git(*words, failure="cannot check out the submodules")
        if self.source.lfs:
            await self._git("lfs", "pull", failure="cannot fetch the files git-lfs keeps elsewhere")

    def _object_format(self) -> list[str]:
        return ["--object-format=sha256"] if len(self.source.commit) == 64 else []

    async def _git(self, *words: str, failure: str) -> None:
        if not await self._try(*words):
            raise PhaseFailed(failure)

    async def _try(self, *words: str) -> bool:
        return await self.commands.run((*_GIT, *words))


def _read_cut(bundle: Path) -> list[str]:
    """The commits that a bundle names, in its head, as lacking their parents."""
    with bundle.open("rb") as file:
        head = [line.decode(errors="replace").split() for line in takewhile(bytes.strip, file)]
    return [words[0] for words in head if words[-1].startswith(CUT_REFS)]


def _store(file: IO[bytes], path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as target:
        while block := file.read(_BLOCK_BYTES):
            size += len(block)
            digest.update(block)
            target.write(block)
    return size, digest.hexdigest()
