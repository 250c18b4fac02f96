"""The place where figures are measured: a folder of its own, shared images, and the running systems."""

import shutil
import tempfile
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from benchmarks.rig import Rig, open_rig
from solstice.adapters.images.map_file import load_image_map
from solstice.domain.image import ImageMap
from solstice.main.settings import Settings, read_environment, read_settings
from solstice.main.shipped import shipped_image_map


@dataclass(slots=True)
class Lab:
    """Made once for a whole run of benchmarks.

    Images come from the user's own cache; templates and machines live in a folder of the lab's, so that
    nobody else's templates, made by another version, are measured.
    """

    quick: bool
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bench-")))
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _rigs: dict[tuple[str, bool], Rig] = field(default_factory=dict)

    async def __aenter__(self) -> "Lab":
        # QEMU's own user passes through.
        self.folder.chmod(0o711)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def settings(self) -> Settings:
        """The user's own."""
        return read_settings({}, read_environment())

    @property
    def images(self) -> ImageMap:
        """The user's own over the shipped one."""
        return load_image_map(shipped_image_map(), self.settings.images)

    @property
    def accelerator(self) -> str:
        """What runs the guests, as far as one was seen."""
        return next((rig.accelerator for rig in self._rigs.values() if rig.accelerator), "")

    def cache(self) -> Path:
        """A cache with the user's images and what is known of KVM, and no templates yet."""
        cache = self.folder / "cache"
        if not cache.exists():
            cache.mkdir(mode=0o711)
            own = self.settings.cache_dir
            (own / "images").mkdir(parents=True, exist_ok=True)
            (cache / "images").symlink_to(own / "images")
            if (own / "kvm-probe").exists():
                shutil.copy(own / "kvm-probe", cache / "kvm-probe")
        return cache

    async def rig(self, hypervisor: str = "qemu", *, warm: bool = True) -> Rig:
        """The running system of this kind; started when it is first asked for, ended with the lab."""
        kind = (hypervisor, warm)
        if kind not in self._rigs:
            opening = self.open_rig(hypervisor, warm=warm)
            self._rigs[kind] = await self._stack.enter_async_context(opening)
        return self._rigs[kind]

    def open_rig(
        self, hypervisor: str = "qemu", *, warm: bool = True, standing: int = 0, rehearse: bool = True
    ) -> AbstractAsyncContextManager[Rig]:
        """A running system for a while, with so many machines of the default image standing by.

        With ``rehearse`` they do a job of nobody's while they do.
        """
        state, images = self.make_folder("s"), self.images
        state.chmod(0o711)
        image = replace(images.resolve(""), warm=standing)
        images = replace(images, images={**images.images, image.name: image})
        return open_rig(hypervisor, state, self.cache(), images, self.settings, warm=warm, rehearse=rehearse)

    def make_folder(self, name: str) -> Path:
        """A new folder for somebody's own files."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
