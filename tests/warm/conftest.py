"""One template made for all of these tests; whoever spoils one spoils a copy."""

import shutil
from collections.abc import Iterator

import pytest

from tests.warm.nest import Nest, make_nest, way_of


@pytest.fixture(scope="session")
def nest() -> Iterator[Nest]:
    """A place whose machines are restored: its template is there and must stay as it is."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("no QEMU")
    with make_nest() as nest:
        assert way_of(nest.no_op()) == "restored"
        yield nest


@pytest.fixture
def own(nest: Nest) -> Iterator[Nest]:
    """A place with a copy of the template."""
    with make_nest(nest) as copy:
        yield copy


@pytest.fixture
def empty() -> Iterator[Nest]:
    """A place without a template."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("no QEMU")
    with make_nest() as nest:
        yield nest
