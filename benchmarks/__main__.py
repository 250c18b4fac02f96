"""The one command: measure figures, show them as table and plots, keep them, compare them."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.catalogue import FIGURES, pick
from benchmarks.computer import describe_computer, read_commit
from benchmarks.figure import Figure, Result
from benchmarks.lab import Lab
from benchmarks.plot import draw
from benchmarks.rounds import measure
from benchmarks.table import compare, show, show_markdown

MET, MISSED, NOT_MEASURED = 0, 1, 2
EPILOG = "Exit code: 0 every goal met, 1 a goal missed, 2 a figure could not be measured."


def main() -> int:
    """Measure what was asked for; see `EPILOG` for what it returns."""
    given = _parse()
    if given.list:
        sys.stdout.write("".join(f"{figure.name:20} {figure.subject}\n" for figure in FIGURES))
        return MET
    before: Any = json.loads(given.compare.read_text()) if given.compare else None
    # Before measuring: the work tree may move on meanwhile, but not what this process has loaded.
    commit = read_commit()
    results, machine = asyncio.run(_measure(given.figures, quick=given.quick))
    records = [result.record(machine, commit) for result in results]
    if given.json:
        given.json.write_text(json.dumps(records, indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(show_markdown(results, machine, commit))
    _draw(results, given.plots)
    sys.stdout.write(show(results, machine))
    if before is not None:
        sys.stdout.write(f"\nsince {given.compare}:\n{compare(records, before)}")
    if any(result.why_not for result in results):
        return NOT_MEASURED
    return MET if all(result.is_met for result in results) else MISSED


async def _measure(figures: Sequence[Figure], *, quick: bool) -> tuple[list[Result], dict[str, Any]]:
    def tell(text: str) -> None:
        sys.stderr.write(f"bench: {text}\n")

    machine = describe_computer("")
    async with Lab(quick) as lab:
        results = [await measure(figure, lab, tell) for figure in figures]
        return results, {**machine, "accelerator": lab.accelerator}


def _draw(results: Sequence[Result], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        if not result.why_not:
            (folder / f"{result.figure.name}.svg").write_text(draw(result))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__, epilog=EPILOG)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="only these; see --list")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter streams")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table here")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="results of an earlier run")
    parser.add_argument("--plots", type=Path, metavar="DIR", default=Path("build/bench"), help="for the SVGs")
    parser.add_argument("--list", action="store_true", help="say which figures there are")
    given = parser.parse_args()
    try:
        given.figures = pick(tuple(given.figures))
    except ValueError as error:
        parser.error(str(error))
    return given


if __name__ == "__main__":
    sys.exit(main())
