"""What every test may rely on: the option that forbids skipping the tests with real machines."""

from collections.abc import Generator
from pathlib import Path

import pytest

WITH_REAL_PARTS = ("contracts", "journeys")
"""Folders whose tests run on real hypervisors."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-machines",
        action="store_true",
        help="a skipped test that wants a real machine is a failure (used by .mise/tasks/test/all)",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A journey starts whole processes, whatever makes its machines.
    for item in items:
        if _is_below(item.path, ("journeys",)):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _must_run(item):
        report.outcome = "failed"
        report.longrepr = f"skipped, but --require-machines was given: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if (
        report.skipped
        and collector.config.getoption("--require-machines")
        and _is_below(collector.path, WITH_REAL_PARTS)
    ):
        report.outcome = "failed"
        report.longrepr = f"not collected, but --require-machines was given: {_reason(report.longrepr)}"
    return report


def _must_run(item: pytest.Item) -> bool:
    if not item.config.getoption("--require-machines"):
        return False
    return item.get_closest_marker("machine") is not None or _is_below(item.path, WITH_REAL_PARTS)


def _is_below(path: Path, folders: tuple[str, ...]) -> bool:
    here = Path(__file__).parent
    return path.is_relative_to(here) and path.relative_to(here).parts[0] in folders


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
