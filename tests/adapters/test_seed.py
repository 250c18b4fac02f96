"""The seed CD: what a guest finds on it, under the names it looks for, and who may read it."""

import json
import stat
from io import BytesIO
from pathlib import Path

import pytest
from pycdlib import PyCdlib

from solstice.adapters.seed import Seed, make_seed, start_agent_by_cloud_init
from solstice.domain.errors import MachineFault

SEED = Seed("solstice-j1-1", "solstice-j1-1", token="t0ken")


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    path = tmp_path / "agent.pyz"
    path.write_bytes(b"PK agent" * 100_000)
    return path


def read_cd(path: Path, view: str = "rr_path") -> dict[str, bytes]:
    """Every file of the CD as one of its directories (Rock Ridge or Joliet) names it."""
    iso = PyCdlib()
    iso.open(str(path))
    contents = {}
    for _, _, files in iso.walk(**{view: "/"}):
        for name in files:
            data = BytesIO()
            iso.get_file_from_iso_fp(data, **{view: f"/{name}"})
            contents[name] = data.getvalue()
    iso.close()
    return contents


@pytest.mark.parametrize("view", ["rr_path", "joliet_path"])
def test_the_cd_carries_agent_names_and_token_under_their_real_names(
    tmp_path: Path, agent: Path, view: str
) -> None:
    make_seed(tmp_path / "seed.iso", SEED, agent)
    assert read_cd(tmp_path / "seed.iso", view) == {
        "agent.pyz": agent.read_bytes(),
        "meta-data": b"instance-id: solstice-j1-1\nlocal-hostname: solstice-j1-1\n",
        "token": b"t0ken",
        "user-data": b"#cloud-config\n{}\n",
    }


def test_the_volume_has_the_label_cloud_init_looks_for(tmp_path: Path, agent: Path) -> None:
    make_seed(tmp_path / "seed.iso", SEED, agent)
    # ECMA-119: the primary volume descriptor is sector 16, the volume's name stands at its byte 40.
    assert (tmp_path / "seed.iso").read_bytes()[16 * 2048 + 40 :][:32].decode().strip() == "cidata"


def test_only_root_reads_the_token_and_only_its_owner_the_cd(tmp_path: Path, agent: Path) -> None:
    path = tmp_path / "seed.iso"
    make_seed(path, SEED, agent)
    iso = PyCdlib()
    iso.open(str(path))
    modes = {
        name: iso.get_record(rr_path=f"/{name}").rock_ridge.get_file_mode() for name in ("token", "agent.pyz")
    }
    iso.close()
    assert modes == {"token": 0o100400, "agent.pyz": 0o100444}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_seed_without_a_token_has_no_token_file(tmp_path: Path, agent: Path) -> None:
    make_seed(tmp_path / "seed.iso", Seed("i", "h", files={"extra": b"more"}), agent)
    assert set(read_cd(tmp_path / "seed.iso")) == {"agent.pyz", "extra", "meta-data", "user-data"}


def test_a_new_seed_replaces_an_old_one(tmp_path: Path, agent: Path) -> None:
    path = tmp_path / "seed.iso"
    path.write_bytes(b"old")
    path.chmod(0o644)
    make_seed(path, SEED, agent)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "token" in read_cd(path)


def test_the_token_is_in_no_message_and_no_repr(tmp_path: Path) -> None:
    with pytest.raises(MachineFault) as caught:
        make_seed(tmp_path / "seed.iso", SEED, tmp_path / "missing.pyz")
    assert "missing.pyz" in str(caught.value)
    assert "t0ken" not in str(caught.value) + repr(SEED)


@pytest.mark.parametrize("name", ["", "a\nb: c", "a b", "a$(b)", "ü"])
def test_a_hostname_that_could_be_more_than_a_name_is_refused(tmp_path: Path, agent: Path, name: str) -> None:
    with pytest.raises(MachineFault, match="cannot be a machine's name"):
        make_seed(tmp_path / "seed.iso", Seed("i", name), agent)


def test_cloud_init_runs_the_agent_from_the_cd_and_powers_off(tmp_path: Path) -> None:
    text = start_agent_by_cloud_init(("--channel", "serial:/dev/x", "--user", "me; rm"))
    first, rest = text.split("\n", 1)
    commands = json.loads(rest)["runcmd"]
    assert first == "#cloud-config"
    assert commands[1][-2:] == ["cidata", "/run/solstice/seed"]
    assert commands[2][3:] == [
        "sh",
        "/run/solstice/seed/agent.pyz",
        "--channel",
        "serial:/dev/x",
        "--user",
        "me; rm",
    ]
    assert commands[-1] == ["poweroff", "-f"]
