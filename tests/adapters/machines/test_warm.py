"""What decides whether two machines share a template, and how a channel hears that a guest waits."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from solstice.adapters.machines.channel import AgentChannel, prepare_for
from solstice.adapters.machines.fleet import Fleet
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.qemu_command import Accelerator, Blueprint, Unprivileged, qemu_command
from solstice.adapters.machines.template import TemplateShelf, template_key
from solstice.adapters.machines.warm import WarmStarts
from solstice.domain.image import Boot, Channel, DiskFormat, Image, ReadyImage, Recipe
from solstice.domain.lease import MachineName
from solstice.domain.machine import MachineOrder
from solstice.domain.plan import Network
from solstice.wire.handshake import LineReader, wait_line

MIB = 1024 * 1024
IMAGE = Image("small", Recipe("images/small"), "linux", boot=Boot.KERNEL, cmdline="quiet")


def blueprint(place: str = "/images/a", **changes: Any) -> Blueprint:
    order = MachineOrder(MachineName("m"), IMAGE, 1, 512 * MIB, 0, Network.NONE, token="")
    ready = ReadyImage(IMAGE, "d1", Path(place), Path(place, "disk"), DiskFormat.QCOW2, Path(place, "kernel"))
    return replace(Blueprint(order, ready, Accelerator("tcg"), Unprivileged(7)), **changes)


def starts(folder: Path, version: str = "8", agent: bytes = b"agent") -> WarmStarts:
    (folder / "agent.pyz").write_bytes(agent)
    return WarmStarts(
        shelf=TemplateShelf(folder / "templates", None),
        fleet=Fleet(MachineRoot(folder), folder / "grpc"),
        program="qemu",
        version=version,
        agent=folder / "agent.pyz",
        write_seed=lambda path, order: None,
        notice=lambda text: None,
        wait=timedelta(seconds=1),
    )


def key(warm: WarmStarts, machine: Blueprint) -> str:
    return template_key(warm._facts(machine))


def ordered(**changes: Any) -> Callable[[Blueprint], Blueprint]:
    return lambda machine: replace(machine, order=replace(machine.order, **changes))


def imaged(**changes: Any) -> Callable[[Blueprint], Blueprint]:
    return lambda machine: replace(machine, image=replace(machine.image, **changes))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(ordered(cpus=2), id="processors"),
        pytest.param(ordered(memory=256 * MIB), id="memory"),
        pytest.param(ordered(disk=1 << 40), id="disk"),
        pytest.param(ordered(network=Network.OUTBOUND), id="network"),
        pytest.param(imaged(digest="d2"), id="image"),
        pytest.param(imaged(image=replace(IMAGE, cmdline="loud")), id="command line"),
        pytest.param(imaged(image=replace(IMAGE, channel=Channel.SERIAL)), id="channel"),
        pytest.param(lambda machine: replace(machine, accelerator=Accelerator("kvm")), id="accelerator"),
    ],
)
def test_a_machine_that_differs_has_another_template(
    tmp_path: Path, change: Callable[[Blueprint], Blueprint]
) -> None:
    warm = starts(tmp_path)
    assert key(warm, change(blueprint())) != key(warm, blueprint())


def test_another_agent_or_another_qemu_has_another_template(tmp_path: Path) -> None:
    keys = [key(starts(tmp_path), blueprint())]
    keys += [
        key(starts(tmp_path, version="9"), blueprint()),
        key(starts(tmp_path, agent=b"new"), blueprint()),
    ]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(ordered(name="other", token="t", lifetime=timedelta(hours=9)), id="job"),
        pytest.param(lambda machine: replace(machine, user=Unprivileged(8)), id="user"),
        pytest.param(lambda _: blueprint("/elsewhere"), id="place of the image"),
    ],
)
def test_what_only_one_job_has_does_not_count(tmp_path: Path, same: Callable[[Blueprint], Blueprint]) -> None:
    warm = starts(tmp_path)
    assert key(warm, same(blueprint())) == key(warm, blueprint())


def test_an_image_without_virtio_serial_gets_a_second_serial_line() -> None:
    lined = imaged(image=replace(IMAGE, channel=Channel.SERIAL))(blueprint())
    command = " ".join(qemu_command("qemu", lined))
    assert "isa-serial,chardev=agent,index=1" in command
    assert "virtio-serial" not in command
    assert "solstice.channel=serial:/dev/ttyS1" in command


async def test_a_silent_channel_hears_that_its_guest_waits_and_says_nothing(state_dir: Path) -> None:
    channel = AgentChannel(state_dir / "agent", state_dir / "grpc", prepare_for("m", "t"))
    await channel.start(None, silent=True)
    reader, writer = await asyncio.open_unix_connection(state_dir / "agent")
    try:
        async with asyncio.timeout(5):
            writer.write(b"login: " + wait_line()[:9])
            await writer.drain()
            assert not channel.guest_open.is_set()
            writer.write(wait_line()[9:])
            await channel.guest_open.wait()
            channel.speak(prepare_for("named", "token"))
            (line,) = LineReader().feed(await reader.readuntil(b"\n"))
        assert line.word == "PREPARE"
        prepare = line.prepare()
        assert prepare
        assert (prepare.hostname, prepare.token) == ("named", "token")
    finally:
        writer.close()
        await channel.stop()
