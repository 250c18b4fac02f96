"""Folders short enough for sockets, open to the users that machines run as."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sol") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
