"""Whether KVM works here: a device that opens is not proof, a kernel that boots is."""

import asyncio
import contextlib
import os
from pathlib import Path

from solstice.adapters.machines.qemu_command import Accelerator

DEVICE = "/dev/kvm"
PROBE_SECONDS = 15.0
NOT_TRIED = "whether KVM works here is not known yet (no kernel to try it with), so guests are emulated"
SIGNS = (b"Kernel panic", b"solstice-init:", b"Run /init")
"""What a kernel prints once it is up: with no disk to mount it gets at least to its init, or panics."""


class AcceleratorProbe:
    """Asks once per host start, with a real kernel; the answer is kept in ``cache_dir``."""

    def __init__(self, qemu: str, cache_dir: Path) -> None:
        self._qemu, self._kept = qemu, cache_dir / "kvm-probe"
        self._lock = asyncio.Lock()
        self._answer: tuple[Accelerator, str] | None = None

    async def ask(self, kernel: Path | None, initrd: Path | None) -> tuple[Accelerator, str]:
        """The accelerator to use, and one line on why it is not KVM ("" if it is).

        Without a ``kernel`` to try (an image that boots by firmware) an answer that is known is used,
        else emulation.
        """
        async with self._lock:
            if self._answer is None or self._answer[1] == NOT_TRIED:
                self._answer = await self._find_out(kernel, initrd)
            return self._answer

    async def _find_out(self, kernel: Path | None, initrd: Path | None) -> tuple[Accelerator, str]:
        if not os.access(DEVICE, os.F_OK):
            return Accelerator("tcg"), "this machine has no /dev/kvm, so guests are emulated and slow"
        if not os.access(DEVICE, os.R_OK | os.W_OK):
            return Accelerator("tcg"), "/dev/kvm may not be opened by this user, so guests are emulated"
        known = await asyncio.to_thread(self._read)
        if known is None and kernel is not None:
            known = await self._boots(kernel, initrd)
            await asyncio.to_thread(self._write, known)
        if known:
            return Accelerator("kvm"), ""
        if known is None:
            return Accelerator("tcg"), NOT_TRIED
        return Accelerator("tcg"), "/dev/kvm opens, but no kernel boots on it, so guests are emulated"

    async def _boots(self, kernel: Path, initrd: Path | None) -> bool:
        command = [
            *(self._qemu, "-accel", "kvm", "-cpu", "host", "-machine", "q35", "-m", "256M"),
            *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"),
            *("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"),
            *(("-initrd", str(initrd)) if initrd else ()),
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await _hears_a_sign(process)
        except TimeoutError:
            return False
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _identity(self) -> str:
        boot_id = Path("/proc/sys/kernel/random/boot_id")
        return f"{boot_id.read_text().strip() if boot_id.exists() else ''} {self._qemu}"

    def _read(self) -> bool | None:
        with contextlib.suppress(OSError, ValueError):
            identity, answer = self._kept.read_text().rsplit("\n", 1)
            if identity == self._identity():
                return answer == "works"
        return None

    def _write(self, works: bool) -> None:
        with contextlib.suppress(OSError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            self._kept.write_text(f"{self._identity()}\n{'works' if works else 'fails'}")


async def _hears_a_sign(process: asyncio.subprocess.Process) -> bool:
    heard = b""
    while process.stdout and (data := await process.stdout.read(4096)):
        heard += data
        if any(sign in heard for sign in SIGNS):
            return True
    return False
