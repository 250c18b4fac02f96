"""A figure as an SVG: every round a dot, the medians as bars, the goal as a line; fit for light and dark."""

from collections.abc import Callable, Sequence
from html import escape
from statistics import median

from benchmarks.figure import Result

WIDTH, HEIGHT = 720, 168
LEFT, RIGHT, TOP, ROW = 20, 24, 66, 34
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 14px } .quiet { fill: #57606a; font-size: 12px }
  .axis { stroke: #8c959f; stroke-width: 1 }
  .goal { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 4 }
  .floor { fill: #8c959f } .subject { fill: #0969da } .dot { fill-opacity: .45 } .bar { fill-opacity: .22 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .axis { stroke: #6e7681 } .goal { stroke: #ff7b72 }
    .floor { fill: #9198a1 } .subject { fill: #4493f8 }
  }"""


def draw(result: Result) -> str:
    """The SVG of a measured figure."""
    figure = result.figure
    goal = median(result.floor) * figure.goal
    top = max(*result.subject, *result.floor, goal) * 1.06

    def place(value: float) -> float:
        return LEFT + value / top * (WIDTH - LEFT - RIGHT)

    verdict = "met" if result.is_met else "missed"
    bound = "≥" if figure.more_is_better else "≤"
    title = f"{figure.name}: {result.ratio:.2f} × (goal {bound} {figure.goal:g} ×, {verdict})"
    basis = f"median of {len(result.subject)} rounds, in {figure.unit}"
    body = [
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
        f'<text class="quiet" x="{LEFT}" y="44">{basis}</text>',
    ]
    sides = (("floor", figure.floor, result.floor), ("subject", figure.subject, result.subject))
    for number, (kind, words, values) in enumerate(sides):
        body += _row(kind, words, values, TOP + number * ROW, place)
    bottom, x = TOP + 2 * ROW, f"{place(goal):.1f}"
    body += [
        f'<line class="axis" x1="{LEFT}" y1="{TOP - 8}" x2="{LEFT}" y2="{bottom}"/>',
        f'<line class="goal" x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{bottom}"/>',
        f'<text class="quiet" x="{x}" y="{bottom + 18}" text-anchor="middle">goal {goal:.3g}</text>',
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{STYLE}\n</style>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _row(
    kind: str, words: str, values: Sequence[float], y: int, place: Callable[[float], float]
) -> list[str]:
    middle = median(values)
    dots = [f'<circle class="dot {kind}" cx="{place(value):.1f}" cy="{y + 16}" r="4"/>' for value in values]
    return [
        f'<rect class="bar {kind}" x="{LEFT}" y="{y + 6}" width="{place(middle) - LEFT:.1f}" height="20"/>',
        *dots,
        f'<text class="quiet" x="{LEFT + 6}" y="{y + 2}">{escape(words)}: {middle:.3g}</text>',
    ]
