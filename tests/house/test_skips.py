"""A skipped test that wants a real machine fails where machines are required."""

import shutil
from pathlib import Path

import pytest

from tools.house.source import ROOT

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.machine
def test_boots():
    pytest.skip("no QEMU here")

@pytest.mark.machine
@pytest.mark.skipif(True, reason="no QEMU here")
def test_boots_again():
    ...

def test_other():
    pytest.skip("not today")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copy(ROOT / "tests/conftest.py", pytester.path / "conftest.py")
    pytester.makeini(
        "[pytest]\nmarkers =\n    machine: m\n    slow: s\nasyncio_default_fixture_loop_scope = function"
    )
    pytester.makepyfile(SUITE)
    (pytester.path / "contracts").mkdir()
    Path(pytester.path / "contracts/test_contract.py").write_text(
        "import pytest\npytest.skip('no QEMU here', allow_module_level=True)\n"
    )
    return pytester


def test_with_the_option_a_skip_is_a_failure(suite: pytest.Pytester) -> None:
    result = suite.runpytest("--require-machines", "--continue-on-collection-errors")
    result.assert_outcomes(failed=1, skipped=1, errors=2)
    result.stdout.fnmatch_lines(["*--require-machines was given: *no QEMU here*"])


def test_without_it_a_skip_is_a_skip(suite: pytest.Pytester) -> None:
    suite.runpytest().assert_outcomes(skipped=4)
