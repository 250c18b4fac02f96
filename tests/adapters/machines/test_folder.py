"""Machines' folders: found again and swept after the process that made them was killed at any point."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from solstice.adapters.machines.folder import MachineRoot, find_abandoned, processes_in
from solstice.domain.errors import MachineFault
from solstice.domain.lease import MachineName

NAME = MachineName("solstice-a-1")

DYING = textwrap.dedent(
    """
    import os, pathlib, signal, subprocess, sys
    from solstice.adapters.machines.folder import MachineRoot

    root = MachineRoot(pathlib.Path(sys.argv[1]))
    root.open()
    folder = root.create("solstice-a-1", None)
    (folder / "disk.qcow2").write_bytes(b"x")
    child = subprocess.Popen(["sleep", "600"], cwd=folder, start_new_session=True, close_fds=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


def test_what_a_killed_process_left_is_ended_and_removed_by_the_next(state_dir: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", DYING, str(state_dir)], capture_output=True, text=True, check=False
    )
    assert dead.returncode == -9
    orphan = psutil.Process(int(dead.stdout))
    assert orphan.is_running()
    root = MachineRoot(state_dir)
    assert root.open() == [NAME]
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    assert [entry.name for entry in (state_dir / "machines").iterdir()] == [root.path.name]
    root.close()
    assert list((state_dir / "machines").iterdir()) == []


def test_the_machines_of_a_process_that_lives_are_left_alone(state_dir: Path) -> None:
    first, second = MachineRoot(state_dir), MachineRoot(state_dir)
    first.open()
    first.create(NAME, None)
    assert second.open() == []
    assert first.names() == [NAME]
    assert second.names() == []
    first.close()
    second.close()


async def test_removing_ends_every_process_that_works_in_the_folder(state_dir: Path) -> None:
    root = MachineRoot(state_dir)
    root.open()
    folder = root.create(NAME, None)
    children = [await asyncio.create_subprocess_exec("sleep", "600", cwd=folder) for _ in range(2)]
    assert {process.pid for process in processes_in(folder)} == {child.pid for child in children}
    await root.remove(NAME)
    await root.remove(NAME)
    assert not any(psutil.pid_exists(child.pid) for child in children)
    for child in children:
        await child.wait()
    assert not folder.exists()
    root.close()


def test_a_machines_folder_is_private_and_made_once(state_dir: Path) -> None:
    root = MachineRoot(state_dir)
    root.open()
    assert root.create(NAME, None).stat().st_mode & 0o777 == 0o700
    with pytest.raises(MachineFault):
        root.create(NAME, None)
    root.close()


def test_a_state_directory_too_deep_for_sockets_is_refused_with_the_remedy(tmp_path: Path) -> None:
    root = MachineRoot(tmp_path / ("d" * 90))
    root.open()
    with pytest.raises(MachineFault, match="bytes too long for sockets") as caught:
        root.create(NAME, None)
    assert "shorter --state-dir" in caught.value.remedy
    root.close()


def test_a_place_that_is_no_folder_is_the_operators_mistake(tmp_path: Path) -> None:
    (tmp_path / "machines").write_text("")
    with pytest.raises(MachineFault, match="cannot keep machines"):
        MachineRoot(tmp_path).open()


def test_what_a_killed_process_left_can_be_found_without_touching_it(state_dir: Path) -> None:
    assert find_abandoned(state_dir) == []
    dead = subprocess.run(
        [sys.executable, "-c", DYING, str(state_dir)], capture_output=True, text=True, check=False
    )
    orphan = psutil.Process(int(dead.stdout))
    assert find_abandoned(state_dir) == find_abandoned(state_dir) == [NAME]
    assert orphan.is_running()
    root = MachineRoot(state_dir)
    assert root.open() == [NAME]
    root.create(NAME, None)
    assert find_abandoned(state_dir) == [], "that of a living process is nobody's leftover"
    root.close()
