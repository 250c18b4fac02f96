"""The zipapp: small, the same every time, and without what a guest has no business with."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.agent.nursery import ZIPAPP

ROOT = Path(__file__).parents[2]


def test_it_is_small_and_holds_nothing_compiled_and_no_other_room() -> None:
    assert ZIPAPP.stat().st_size < 1_000_000
    names = zipfile.ZipFile(ZIPAPP).namelist()
    ours = {name.removesuffix("c") for name in names if name.startswith("solstice/")}
    rooms = {name.split("/")[1] for name in ours if name.count("/") > 1}
    assert rooms == {"agent", "domain", "main", "wire"}
    assert {name for name in ours if name.startswith("solstice/domain/")} == {
        "solstice/domain/__init__.py",
        "solstice/domain/masking.py",
    }
    assert not [name for name in names if re.search(r"\.(so|pyd|dll)$|kdl|adapters|yaml", name)]
    assert any(name.endswith("LICENSE") for name in names)


def test_it_starts_from_its_source_where_the_byte_code_is_for_another_python(tmp_path: Path) -> None:
    copy = tmp_path / "agent.pyz"
    with zipfile.ZipFile(ZIPAPP) as original, zipfile.ZipFile(copy, "w") as target:
        for name in original.namelist():
            content = original.read(name)
            target.writestr(name, b"\0\0\0\0" + content[4:] if name.endswith(".pyc") else content)
    said = subprocess.run([sys.executable, "-I", str(copy), "--version"], capture_output=True, check=True)
    assert said.stdout


def test_a_channel_that_makes_no_sense_is_told() -> None:
    words = [sys.executable, "-I", str(ZIPAPP), "--channel", "pigeon:coop"]
    said = subprocess.run(words, capture_output=True, check=False)
    assert said.returncode == 2
    assert b"expected serial:/dev/NAME, unix:/PATH or tcp:HOST:PORT" in said.stderr
