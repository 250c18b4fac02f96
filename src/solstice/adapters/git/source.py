"""A commit of a repository of this computer, packed for a guest."""

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path

from solstice.adapters.faults import disk_fault
from solstice.adapters.git.packing import Bundle, pack_alone, pack_history
from solstice.adapters.git.repository import Repository
from solstice.adapters.git.store import Store
from solstice.adapters.git.work_tree import commit_work_tree
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Checkout


class GitSource:
    """The commit of a local run, packed in ``folder`` once for each depth it is asked for.

    ``dirty`` packs the work tree as it stands (what git does not ignore) as one commit on top of HEAD.
    """

    def __init__(self, repository: Repository, commit: str, folder: Path, *, dirty: bool) -> None:
        self._repository, self._commit, self._folder, self._dirty = repository, commit, folder, dirty
        self._bundles: dict[bool, Bundle] = {}
        self._lock = asyncio.Lock()

    async def bundle(self, pipeline: Pipeline, checkout: Checkout) -> Bundle:
        """The commit as a bundle: alone, or with all its history where ``depth`` is not 1."""
        async with self._lock:
            await asyncio.to_thread(self.pack, [checkout])
            return self._bundles[_is_alone(checkout)]

    def pack(self, checkouts: Iterable[Checkout]) -> None:
        """Pack what these will ask for, unless it is packed: what is wrong with the source shows now."""
        wanted = {_is_alone(checkout) for checkout in checkouts} - self._bundles.keys()
        if not wanted:
            return
        folder = self._folder / "store"
        try:
            store = Store.make(folder, self._repository)
            commit = commit_work_tree(self._repository, store) if self._dirty else self._commit
            for alone in sorted(wanted):
                write, name = (pack_alone, "commit") if alone else (pack_history, "history")
                self._bundles[alone] = write(store, commit, self._folder / f"{name}.bundle")
        except OSError as error:
            raise disk_fault(f"cannot pack the source in {self._folder}", error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _is_alone(checkout: Checkout) -> bool:
    return checkout.depth == 1
