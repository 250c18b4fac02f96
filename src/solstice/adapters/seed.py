"""The seed: a small NoCloud CD that tells a new machine who it is and brings it the agent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pycdlib import PyCdlib
from pycdlib.pycdlibexception import PyCdlibException

from solstice.domain.errors import MachineFault

VOLUME_LABEL = "cidata"
AGENT_FILE = "agent.pyz"
TOKEN_FILE = "token"  # noqa: S105 - the name of a file
READABLE, PRIVATE = 0o100444, 0o100400


@dataclass(frozen=True, slots=True)
class Seed:
    """What one machine finds on its CD; never a secret of the job.

    ``token`` is the agent's one-use bootstrap token. ``files`` are more files of the CD's root,
    by name. ``user_data`` is cloud-init's, ``None`` writes an empty one.
    """

    instance_id: str
    hostname: str
    token: str | None = field(default=None, repr=False)
    user_data: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def make_seed(path: Path, seed: Seed, agent: Path) -> None:
    """Write ``seed`` with ``agent`` as an ISO 9660 image to ``path``, readable by its owner only."""
    try:
        contents = list_contents(seed, agent.read_bytes())
        image = _pack(contents)
    except (OSError, PyCdlibException) as error:
        raise MachineFault(
            f"cannot make the seed {path} with the agent {agent}: {error}",
            "Build the agent first (.mise/tasks/build/agent), and look at the names of the seed's files.",
        ) from error
    _write_private(path, image)


def list_contents(seed: Seed, agent: bytes) -> dict[str, bytes]:
    """The CD's files by name."""
    user_data = seed.user_data if seed.user_data is not None else "#cloud-config\n{}\n"
    contents = {
        "meta-data": describe_instance(seed).encode(),
        "user-data": user_data.encode(),
        AGENT_FILE: agent,
        **seed.files,
    }
    if seed.token is not None:
        contents[TOKEN_FILE] = seed.token.encode()
    return contents


def describe_instance(seed: Seed) -> str:
    """The ``meta-data`` file: YAML, of which the small images read only ``local-hostname:``."""
    for word in (seed.instance_id, seed.hostname):
        if not word or not word.replace("-", "").replace(".", "").isalnum() or not word.isascii():
            raise MachineFault(
                f"{word!r} cannot be a machine's name", "Use letters, digits, dots and hyphens."
            )
    return f"instance-id: {seed.instance_id}\nlocal-hostname: {seed.hostname}\n"


def start_agent_by_cloud_init(arguments: tuple[str, ...]) -> str:
    """User data that does nothing but mount the CD and run the agent with ``arguments``, then power off.

    ``runcmd`` runs once, at the end of a first boot: the machine's only one. JSON is YAML.
    """
    agent = f"/run/solstice/seed/{AGENT_FILE}"
    token = f"/run/solstice/seed/{TOKEN_FILE}"
    script = (
        f'[ ! -e {token} ] || set -- "$@" --token-file {token}; '
        'python3 -I "$@"; echo "solstice-init: agent exited $?" > /dev/console'
    )
    commands = [
        ["mkdir", "-p", "/run/solstice/seed"],
        ["mount", "-o", "ro,nosuid,nodev", "-L", VOLUME_LABEL, "/run/solstice/seed"],
        ["sh", "-c", script, "sh", agent, *arguments],
        ["poweroff", "-f"],
    ]
    return "#cloud-config\n" + json.dumps({"runcmd": commands}) + "\n"


def _pack(contents: Mapping[str, bytes]) -> bytes:
    iso = PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=VOLUME_LABEL)
    for number, (name, data) in enumerate(sorted(contents.items())):
        # The plain ISO 9660 name is one nobody reads; Rock Ridge and Joliet carry the real one.
        iso.add_fp(
            BytesIO(data),
            len(data),
            f"/F{number:06}.;1",
            rr_name=name,
            joliet_path=f"/{name}",
            file_mode=PRIVATE if name == TOKEN_FILE else READABLE,
        )
    packed = BytesIO()
    iso.write_fp(packed)
    iso.close()
    return packed.getvalue()


def _write_private(path: Path, image: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(image)
