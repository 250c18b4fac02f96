"""Makes one summary of the reports that earlier jobs left, and fails if one is missing or red."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def read_reports(root: Path) -> dict[str, dict[str, Any]]:
    """Every report below ``root``, by its part."""
    reports = [json.loads(path.read_text("utf-8")) for path in sorted(root.rglob("reports/*.json"))]
    return {report["part"]: report for report in reports}


def summarise(reports: dict[str, dict[str, Any]], wanted: list[str]) -> tuple[str, list[str]]:
    """The table to keep, and what is wrong."""
    lines, faults = [], [f"no report of {part}" for part in wanted if part not in reports]
    for part, report in sorted(reports.items()):
        checks = report["checks"]
        failed = [check["name"] for check in checks if check["failure"]]
        seconds = sum(check["seconds"] for check in checks)
        lines.append(f"{part:10} {len(checks):4} checks {len(failed):4} failed {seconds:8.2f}s")
        faults += [f"{part}: {name} failed" for name in failed]
    return "\n".join(lines) + "\n", faults


def main() -> int:
    """Write the summary; 1 if anything is missing or failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wanted", nargs="+")
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    reports = read_reports(Path.cwd())
    table, faults = summarise(reports, given.wanted)
    given.into.mkdir(parents=True, exist_ok=True)
    (given.into / "summary.txt").write_text(table)
    (given.into / "summary.json").write_text(json.dumps(reports, indent=2, sort_keys=True) + "\n")
    print(table, *faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
