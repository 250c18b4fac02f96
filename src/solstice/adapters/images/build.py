"""Running a recipe: its ``build`` verb makes a disk (and perhaps a kernel) in a folder of its own."""

import asyncio
import os
import shutil
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from solstice.adapters.images.recipe import BUILD_VERB, check_needs, read_recipe
from solstice.adapters.images.shelf import disk_full, translate_disk_errors
from solstice.domain.errors import MachineFault

LONGEST_BUILD = timedelta(minutes=60)
_REMEMBERED_LINES = 30
_LONGEST_LINE = 64 * 1024
_SCARCE_BYTES = 16 << 20
DISK_FILES = ("disk.qcow2", "disk.raw")
BOOT_FILES = ("kernel", "initrd")


async def build_image(
    recipe: Path, work: Path, say: Callable[[str], None], longest: timedelta = LONGEST_BUILD
) -> Path:
    """Run ``recipe``'s build below ``work`` and return a folder with just the files a build makes.

    ``say`` is given each line the build prints to its standard output.
    """
    await asyncio.to_thread(check_needs, recipe, read_recipe(recipe))
    output, kept = work / "output", work / "kept"
    with translate_disk_errors(work):
        output.mkdir()
        kept.mkdir()
    await _run(recipe, output, say, longest)
    made = [output / name for name in (*DISK_FILES, *BOOT_FILES) if (output / name).is_file()]
    if sum(path.name in DISK_FILES for path in made) != 1:
        raise MachineFault(
            f"the recipe {recipe.name} ended well but left no disk.qcow2 (or disk.raw) behind",
            f"Mend {recipe / BUILD_VERB}: its argument is the folder where the disk belongs.",
        )
    with translate_disk_errors(work):
        for path in made:
            path.rename(kept / path.name)
    return kept


async def _run(recipe: Path, output: Path, say: Callable[[str], None], longest: timedelta) -> None:
    process = await _start(recipe, output)
    lines: deque[str] = deque(maxlen=_REMEMBERED_LINES)
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await asyncio.gather(
                _read_lines(process.stdout, lines, say), _read_lines(process.stderr, lines, lambda line: None)
            )
            code = await process.wait()
    except TimeoutError as error:
        raise MachineFault(
            f"the recipe {recipe.name} was still not done after {longest}\n{_indent(lines)}",
            f"Run {recipe / BUILD_VERB} by hand to see where it hangs.",
        ) from error
    finally:
        await _end(process)
    if code != 0:
        raise _explain(recipe, output, code, lines)


async def _start(recipe: Path, output: Path) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            str(recipe / BUILD_VERB),
            str(output),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_LONGEST_LINE,
        )
    except OSError as error:
        raise MachineFault(
            f"cannot run {recipe / BUILD_VERB}: {error.strerror}", "It has to be there and executable."
        ) from error


async def _read_lines(
    stream: asyncio.StreamReader | None, lines: deque[str], say: Callable[[str], None]
) -> None:
    while stream is not None:
        try:
            raw = await stream.readline()
        except ValueError:  # a line longer than the limit: its beginning was dropped by the reader
            continue
        if not raw:
            return
        line = raw.decode(errors="replace").rstrip()
        if line:
            lines.append(line)
            say(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of a build outlives it, least of all when we were cancelled."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    if process.returncode is None:
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _explain(recipe: Path, output: Path, code: int, lines: deque[str]) -> MachineFault:
    if "No space left on device" in "\n".join(lines) or shutil.disk_usage(output).free < _SCARCE_BYTES:
        return disk_full(output)
    return MachineFault(
        f"the recipe {recipe.name} failed with code {code}; its last lines:\n{_indent(lines)}",
        f"Run {recipe / BUILD_VERB} by hand with an empty folder as its argument.",
    )


def _indent(lines: deque[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
