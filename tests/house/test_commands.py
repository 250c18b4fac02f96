"""The scripts of our own workflow and the project that `ci:local` runs are in working order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from solstice.domain.diagnostic import Source
from solstice.domain.workflow.reader import read_workflow
from tools.house.source import ROOT
from tools.third_party import WORKFLOW


def _run(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("part", ["reading", "guarding"])
def test_a_part_of_our_own_workflow_succeeds_and_leaves_a_report(part: str, tmp_path: Path) -> None:
    done = _run(".solstice/verify.py", part, "--report", tmp_path / "report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["part"] == part
    assert len(report["checks"]) >= 5


def test_the_summary_is_red_when_a_report_is_missing_or_red(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    checks = [{"name": "works", "seconds": 0.1, "failure": ""}]
    (tmp_path / "reports/a.json").write_text(json.dumps({"part": "a", "checks": checks}))
    script = ROOT / ".solstice/collect.py"
    assert _run(script, "a", "--into", "summary", folder=tmp_path).returncode == 0
    assert "a " in (tmp_path / "summary/summary.txt").read_text()
    missing = _run(script, "a", "b", "--into", "summary", folder=tmp_path)
    assert (missing.returncode, "no report of b" in missing.stdout) == (1, True)
    checks[0]["failure"] = "broke"
    (tmp_path / "reports/a.json").write_text(json.dumps({"part": "a", "checks": checks}))
    red = _run(script, "a", "--into", "summary", folder=tmp_path)
    assert (red.returncode, "a: works failed" in red.stdout) == (1, True)


def test_the_workflows_we_run_ourselves_have_no_mistake() -> None:
    own = (ROOT / ".solstice/workflow.kdl").read_text()
    for text in (own, WORKFLOW):
        assert read_workflow(Source("workflow.kdl", text)).diagnostics == ()
