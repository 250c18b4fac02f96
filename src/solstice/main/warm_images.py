"""`solstice images warm`: templates made before the first job waits for them."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import click

from solstice.cli.images import watch_progress
from solstice.main.context import Context, pass_context, setting_options
from solstice.main.image_desk import Desk, said_plainly

if TYPE_CHECKING:
    from solstice.adapters.machines.folder import MachineRoot
    from solstice.adapters.machines.qemu import QemuHypervisor
    from solstice.domain.event import ImageProgress
    from solstice.domain.image import Image, ReadyImage
    from solstice.domain.plan import Network
    from solstice.main.settings import Settings

PATIENCE = timedelta(minutes=10)
"""How long a machine may take to come up here, where no job waits for it."""
_TROUBLE = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether machines of this image with this network are restored from now on."""

    image: str
    network: str
    ready: bool
    seconds: float

    def show(self) -> str:
        """One line for people."""
        state = f"ready after {self.seconds:.1f} s" if self.ready else "cannot be had, so machines boot cold"
        return f'{self.image}, network "{self.network}": {state}'

    def record(self) -> str:
        """One line for programs."""
        words = {"name": self.image, "network": self.network, "ready": self.ready}
        return json.dumps({**words, "seconds": round(self.seconds, 3)})


@click.command("warm")
@click.argument("labels", nargs=-1, metavar="[LABEL]...")
@setting_options("state_dir", "cache_dir", "images")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, one object a line.")
@pass_context
def warm_command(
    context: Context, /, labels: tuple[str, ...], config: str | None, as_json: bool, **flags: Any
) -> None:
    """Make the templates from which machines are restored, for jobs that ask for no size of their own.

    Without LABEL, for the image of jobs that name none. What is there already is checked and left alone; one
    that was put out of use is made again. Exits with 2 if a template cannot be had.
    """
    with said_plainly():
        settings = context.settings(flags, config)
        desk = Desk(settings)
        outcomes = asyncio.run(_warm(settings, desk, desk.resolve(labels), as_json))
    if not all(outcome.ready for outcome in outcomes):
        click.get_current_context().exit(_TROUBLE)


async def _warm(settings: "Settings", desk: Desk, images: "list[Image]", as_json: bool) -> list[Outcome]:
    from solstice.adapters.machines.folder import MachineRoot
    from solstice.domain.plan import Network

    root = MachineRoot(settings.state_dir)
    await asyncio.to_thread(root.open)
    outcomes = []
    try:
        with watch_progress(sys.stderr, sys.stderr.isatty() and not as_json) as tell:
            hypervisor = _open_hypervisor(settings, desk, root, tell)
            try:
                for image, network in product(images, (Network.NONE, Network.OUTBOUND)):
                    outcome = await _make(hypervisor, image, network)
                    click.echo(outcome.record() if as_json else outcome.show())
                    outcomes.append(outcome)
            finally:
                await hypervisor.close()
    finally:
        await asyncio.to_thread(root.close)
    return outcomes


async def _make(hypervisor: "QemuHypervisor", image: "Image", network: "Network") -> Outcome:
    from solstice.domain.lease import MachineName
    from solstice.domain.machine import MachineOrder
    from solstice.domain.placement import measure_plainly

    await hypervisor.prepare(image)
    began, size = time.monotonic(), measure_plainly(image)
    order = MachineOrder(MachineName("plain"), image, size.cpus, size.memory, size.disk, network, token="")
    ready = await hypervisor.make_template(order)
    return Outcome(image.name, network.value, ready, time.monotonic() - began)


def _open_hypervisor(
    settings: "Settings", desk: Desk, root: "MachineRoot", tell: "Callable[[ImageProgress], None]"
) -> "QemuHypervisor":
    from solstice.adapters.machines.qemu import QemuHypervisor
    from solstice.main.local import write_seed
    from solstice.main.shipped import shipped_agent

    async def ready(image: "Image") -> "ReadyImage":
        return await desk.store.ready(image, tell)

    return QemuHypervisor(
        root=root,
        ready=ready,
        write_seed=write_seed,
        endpoint=root.path / "grpc",
        cache_dir=settings.cache_dir,
        changed=lambda: None,
        notice=lambda text: click.echo(text, err=True),
        agent=shipped_agent(),
        warm_wait=PATIENCE,
    )
