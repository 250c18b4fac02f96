"""How long the command line takes to start, and to check a workflow of a thousand lines.

Both figures are differences, so that the interpreter's own start and this computer's speed drop out as
far as they can; the rounds are interleaved, so that a slow moment hits every command alike.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

SOLSTICE = Path(sys.executable).with_name("solstice")
LINES = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured difference and what it may be; all in milliseconds."""

    name: str
    median_ms: float
    low_ms: float
    high_ms: float
    budget_ms: float

    @property
    def is_kept(self) -> bool:
        return self.median_ms <= self.budget_ms


def write_workflow(lines: int) -> str:
    """A valid workflow of exactly ``lines`` lines that uses most of the language."""
    head = ['workflow name="large" {', '    on "push" { branches "main" "release/*"; paths "src/**" }']
    jobs: list[str] = []
    while len(head) + len(jobs) + 7 < lines:
        number = len(jobs) // 6
        needs = f'needs "job-{number - 1}"; ' if number % 10 else ""
        jobs += [
            f'    job id="job-{number}" runs_on="debian-12" timeout="20m" {{',
            f'        {needs}env {{ NUMBER "{number}"; REF "${{{{ ref }}}}" }}',
            '        step name="unit" run="pytest -q --maxfail=1" timeout="10m"',
            '        step name="report" if="always() && event != \'schedule\'" run="./report.sh"',
            '        artifact name="wheels" { path "dist/*.whl"; keep "30d" }',
            "    }",
        ]
    filler = ["    // end"] * (lines - len(head) - len(jobs) - 1)
    return "\n".join([*head, *jobs, *filler, "}"]) + "\n"


def time_command(command: Sequence[str | Path]) -> float:
    """The milliseconds one run takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def measure(rounds: int) -> list[Figure]:
    """Run every command once a round; the figures are differences within a round."""
    with tempfile.TemporaryDirectory() as folder:
        workflow = Path(folder, "workflow.kdl")
        workflow.write_text(write_workflow(LINES))
        commands: dict[str, list[str | Path]] = {
            "python": [sys.executable, "-c", ""],
            "help": [SOLSTICE, "--help"],
            "check": [SOLSTICE, "check", workflow],
        }
        for command in commands.values():
            time_command(command)
        taken = [{name: time_command(command) for name, command in commands.items()} for _ in range(rounds)]
    return [
        _figure("solstice --help over the bare interpreter", [r["help"] - r["python"] for r in taken], 120),
        _figure(f"solstice check on {LINES} lines over --help", [r["check"] - r["help"] for r in taken], 60),
    ]


def _figure(name: str, differences: list[float], budget: float) -> Figure:
    cuts = quantiles(differences, n=10)
    return Figure(name, median(differences), cuts[0], cuts[-1], budget)


def show(figures: Sequence[Figure]) -> str:
    """A table for a person."""
    lines = [f"{'':46} {'median':>9} {'10 %':>9} {'90 %':>9} {'budget':>9}"]
    for figure in figures:
        numbers = (figure.median_ms, figure.low_ms, figure.high_ms, figure.budget_ms)
        verdict = "ok" if figure.is_kept else "TOO SLOW"
        lines.append(
            f"{figure.name:46} " + " ".join(f"{number:6.1f} ms" for number in numbers) + f"  {verdict}"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the figures; 1 if a budget is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    figures = measure(max(given.rounds, 3))
    if given.json:
        records = [
            {name: getattr(figure, name) for name in Figure.__slots__} | {"is_kept": figure.is_kept}
            for figure in figures
        ]
        sys.stdout.write(json.dumps(records, indent=2) + "\n")
    else:
        sys.stdout.write(show(figures))
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
