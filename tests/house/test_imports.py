"""The drawing of the rooms, and that the rule would notice a breach."""

from collections.abc import Callable, Iterator

import pytest

from tools.house.imports import LIBRARIES, MAY_IMPORT, check_imports, check_purity
from tools.house.source import ROOT, Finding, Module, read_modules

PACKAGE = list(read_modules("src/solstice"))


@pytest.mark.parametrize("rule", [check_imports, check_purity])
def test_every_module_keeps_the_table_of_rooms(rule: Callable[[Module], Iterator[Finding]]) -> None:
    assert [str(finding) for module in PACKAGE for finding in rule(module)] == []


def test_every_folder_of_the_package_is_a_room() -> None:
    folders = {path.name for path in (ROOT / "src/solstice").iterdir() if path.is_dir()}
    assert folders - {"data", "__pycache__"} <= set(MAY_IMPORT)


def test_arrows_only_go_down() -> None:
    for room, below in MAY_IMPORT.items():
        assert room not in below
        assert all(room not in MAY_IMPORT[lower] for lower in below)
    assert set(LIBRARIES) <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("domain/plan.py", "import solstice.wire.agent", "`domain` may not import `wire`"),
        ("domain/plan.py", "from solstice.adapters import qemu", "`domain` may not import `adapters`"),
        ("domain/plan.py", "import click", "`domain` may not use the library `click`"),
        ("domain/kdl/token.py", "from ...cli import show", "`domain` may not import `cli`"),
        ("domain/__init__.py", "from ..main import run", "`domain` may not import `main`"),
        ("agent/runner.py", "def f():\n    import solstice.cli", "`agent` may not import `cli`"),
        (
            "orchestrator/launcher.py",
            "from solstice.adapters.qemu import machine",
            "may not import `adapters`",
        ),
        ("cli/check.py", "from solstice.orchestrator import ports", "`cli` may not import `orchestrator`"),
        ("cli/check.py", "import grpc", "`cli` may not use the library `grpc`"),
        (
            "adapters/qemu/machine.py",
            "from solstice.adapters.seed import make_seed",
            "adapters are strangers",
        ),
        ("adapters/seed.py", "from .qemu import machine", "adapters are strangers"),
        ("adapters/seed.py", "from solstice.main import settings", "`adapters` may not import `main`"),
        ("attic/thing.py", "import re", "there is no room `attic`"),
    ],
)
def test_an_import_that_goes_up_or_sideways_is_found(path: str, text: str, fault: str) -> None:
    (finding,) = check_imports(Module.parse(f"src/solstice/{path}", text))
    assert fault in finding.message


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("domain/plan.py", "from solstice.domain.kdl import parse\nimport re"),
        ("adapters/qemu/machine.py", "from solstice.adapters.qemu.qmp import connect\nimport qemu.qmp"),
        ("adapters/seed.py", "from solstice.adapters.faults import translate"),
        ("cli/check.py", "from solstice import __version__\nimport click"),
        ("main/run.py", "from solstice.adapters import seed\nfrom solstice.orchestrator import reaper"),
    ],
)
def test_an_import_that_goes_down_is_allowed(path: str, text: str) -> None:
    assert list(check_imports(Module.parse(f"src/solstice/{path}", text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import asyncio",
        "from time import monotonic",
        "from pathlib import Path\nPath('x').read_text()",
        "import os.path",
        "from urllib.request import urlopen",
        "async def f(): ...",
        "open('x')",
        "print('x')",
        "from datetime import datetime\nnow = datetime.now()",
        "import datetime\nnow = datetime.datetime.utcnow()",
    ],
)
def test_a_clock_chance_input_or_concurrency_in_the_domain_is_found(text: str) -> None:
    assert len(list(check_purity(Module.parse("src/solstice/domain/job.py", text)))) == 1
    assert list(check_purity(Module.parse("src/solstice/adapters/clock.py", text))) == []


def test_pure_tools_are_welcome_in_the_domain() -> None:
    text = "from pathlib import Path, PurePosixPath\nimport hashlib, re\nfrom urllib.parse import urlsplit"
    assert list(check_purity(Module.parse("src/solstice/domain/job.py", text))) == []
