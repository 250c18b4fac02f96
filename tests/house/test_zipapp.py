"""What the agent's zipapp may hold: the agent, its words and its values; no parser, no adapter, no bulk."""

import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools.house.source import ROOT

ZIPAPP = ROOT / "src/solstice/data/agent.pyz"
MOST_BYTES = 1_000_000

FORBIDDEN = (
    "solstice/adapters/",
    "solstice/cli/",
    "solstice/gateway/",
    "solstice/orchestrator/",
    "solstice/web/",
    "solstice/domain/expression/",
    "solstice/domain/kdl/",
    "solstice/domain/workflow/",
    "solstice/domain/planning",
)
COMPILED = (".so", ".pyd", ".dylib")


def judge(names: Iterable[str]) -> list[str]:
    """The members that have no business inside a guest."""
    return [
        name
        for name in names
        if name.startswith(FORBIDDEN)
        or name.endswith(COMPILED)
        or (
            name.startswith("solstice/main/")
            and Path(name).stem.partition(".")[0] not in ("__init__", "agent")
        )
    ]


@pytest.fixture(scope="module")
def zipapp() -> Path:
    subprocess.run([ROOT / ".mise/tasks/build/agent"], check=True, cwd=ROOT, capture_output=True)
    return ZIPAPP


def test_it_holds_nothing_but_the_agent(zipapp: Path) -> None:
    names = zipfile.ZipFile(zipapp).namelist()
    assert judge(names) == []
    assert any(name.startswith("solstice/agent/") for name in names)
    assert "__main__.py" in names


def test_it_is_small(zipapp: Path) -> None:
    assert zipapp.stat().st_size < MOST_BYTES


def test_it_starts_with_nothing_but_python(zipapp: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-I", "-S", zipapp, "--help"], check=True, capture_output=True, text=True, cwd="/"
    )
    assert "--channel" in shown.stdout


@pytest.mark.parametrize(
    "name",
    [
        "solstice/adapters/seed.py",
        "solstice/domain/kdl/parser.pyc",
        "solstice/domain/planning.py",
        "solstice/main/cli.py",
        "google/_upb/_message.so",
    ],
)
def test_a_stranger_in_the_zipapp_is_found(name: str) -> None:
    assert judge(["solstice/agent/runner.py", "solstice/main/agent.py", name]) == [name]
