"""Runs one part of the checks that need nothing but Python and this checkout, and writes a report."""

import argparse
import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
PARTS = ("reading", "guarding")


def list_checks(module: ModuleType) -> list[Callable[[], None]]:
    """The module's functions that are named like a check, in the order they were written."""
    return [value for name, value in vars(module).items() if name.startswith("check_") and callable(value)]


def run_check(check: Callable[[], None]) -> dict[str, object]:
    """Run one check; its record says what it was, how long it took and why it failed."""
    name = check.__name__.removeprefix("check_").replace("_", " ")
    started, why = time.monotonic(), ""
    try:
        check()
    except Exception:
        why = traceback.format_exc()
    seconds = round(time.monotonic() - started, 3)
    print(f"{'FAILED' if why else 'ok':6} {name} ({seconds:.2f}s)", flush=True)
    if why:
        print(why, flush=True)
    return {"name": name, "seconds": seconds, "failure": why}


def main() -> int:
    """Run the part's checks; 1 if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    sys.path[:0] = [str(HERE), str(HERE.parent / "src")]
    records = [run_check(check) for check in list_checks(importlib.import_module(f"verify_{given.part}"))]
    if not records:
        sys.exit(f"part {given.part} has no checks")
    if given.report:
        given.report.parent.mkdir(parents=True, exist_ok=True)
        given.report.write_text(json.dumps({"part": given.part, "checks": records}, indent=2) + "\n")
    return 1 if any(record["failure"] for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
