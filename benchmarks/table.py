"""Results as a table for a person, alone or beside those of an earlier run."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.figure import Result

Record = Mapping[str, Any]
NOTABLE = 0.15
"""A change of a ratio that is told as better or worse, if it is also larger than both runs' spread."""


HEAD = ("figure", "subject", "floor", "ratio", "spread", "goal", "")


def show(results: Sequence[Result], machine: Record) -> str:
    """One line for each figure, below a line about the computer."""
    rows = [HEAD, *map(_row, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_describe(machine)]
    for row in rows:
        middle = [cell.rjust(width) for cell, width in zip(row[1:6], widths[1:6], strict=True)]
        lines.append("  ".join((row[0].ljust(widths[0]), *middle, row[6])).rstrip())
    return "\n".join(lines) + "\n"


def show_markdown(results: Sequence[Result], machine: Record, commit: str) -> str:
    """The same as a table for a document."""
    lines = [f"Commit `{commit[:10]}`, {_describe(machine)}:", "", _line(HEAD), _line(["---"] * len(HEAD))]
    lines += [_line((f"`{row[0]}`", *row[1:])) for row in map(_row, results)]
    return "\n".join(lines) + "\n"


def compare(records: Sequence[Record], before: Sequence[Record]) -> str:
    """How each figure's ratio moved since ``before``."""
    earlier = {record["figure"]: record for record in before}
    lines = []
    for record in records:
        then = earlier.get(record["figure"])
        if then is None or record["ratio"] is None or then["ratio"] is None:
            lines.append(f"{record['figure']:18} nothing to compare")
            continue
        change = f"{then['ratio']:7.3g} → {record['ratio']:<7.3g} {_judge(record, then)}"
        lines.append(f"{record['figure']:18} {change}")
    return "\n".join(lines) + "\n"


def _judge(record: Record, then: Record) -> str:
    change = record["ratio"] / then["ratio"] - 1
    noise = max(NOTABLE, record["spread"] / record["ratio"], then["spread"] / then["ratio"])
    if abs(change) <= noise:
        return f"{change:+.0%}"
    worse = (change < 0) == bool(record.get("more_is_better"))
    return f"{change:+.0%} {'WORSE' if worse else 'better'}"


def _row(result: Result) -> tuple[str, str, str, str, str, str, str]:
    figure = result.figure
    goal = f"{'≥' if figure.more_is_better else '≤'} {figure.goal:g}"
    if result.why_not:
        return (figure.name, "–", "–", "–", "–", goal, f"not measured: {result.why_not.splitlines()[0]}")
    ours, least = (f"{value:.3g} {figure.unit}" for value in result.medians)
    verdict = "ok" if result.is_met else "MISSED"
    return (figure.name, ours, least, f"{result.ratio:.2f}", f"{result.spread:.2f}", goal, verdict)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _describe(machine: Record) -> str:
    memory = machine["memory_bytes"] / 2**30
    guests = f", guests by {machine['accelerator']}" if machine["accelerator"] else ""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {memory:.0f} GiB, Linux {machine['kernel']}, "
        f"Python {machine['python']}, {machine['qemu'] or 'no QEMU'}{guests}, load {machine['load']}"
    )
