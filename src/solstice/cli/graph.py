"""A plan's jobs as a drawing for the terminal: a row for each job, lines from what it needs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from solstice.cli.terminal import count_cells, show
from solstice.domain.plan import JobPlan, Network, Plan
from solstice.domain.quantity import format_duration, format_size

_WIDEST = 16
"""Lanes that can still be followed with the eye; a wider graph names its needs in words."""
_MOST_COMBINATIONS = 12


@dataclass(frozen=True, slots=True)
class _Row:
    """One job of the file: its combinations, and the drawing before its name and below it."""

    jobs: tuple[JobPlan, ...]
    before: str
    below: str

    @property
    def first(self) -> JobPlan:
        return self.jobs[0]


def draw_plan(plan: Plan) -> str:
    """The whole plan: a headline, the jobs, and what is left to a server."""
    name = show(plan.workflow)
    if plan.skipped:
        return f"{name} on {show(plan.occasion.event)}: skipped, because {show(plan.skipped)}"
    lines = [f"{name} on {show(plan.occasion.event)}: {_count(len(plan.jobs), 'job')}", "", *_draw_jobs(plan)]
    if plan.left_to_server:
        lines += ["", "left to a server:", *(f"  {show(phrase)}" for phrase in plan.left_to_server)]
    return "\n".join(lines)


def _draw_jobs(plan: Plan) -> Iterator[str]:
    rows = _lay_out(plan.jobs)
    in_words = not rows
    if in_words:
        rows = [_Row(jobs, "● ", "  ") for jobs in _group(plan.jobs).values()]
    width = max((count_cells(row.before + _label(row)) for row in rows), default=0)
    for row in rows:
        head = row.before + _label(row)
        yield f"{head}{' ' * (width - count_cells(head))}  {_describe(row, in_words=in_words)}".rstrip()
        yield from _draw_combinations(row)


def _draw_combinations(row: _Row) -> Iterator[str]:
    if row.first.matrix is None:
        return
    for job in row.jobs[:_MOST_COMBINATIONS]:
        yield f"{row.below}  · {show(job.id)}  {show(job.runs_on)}"
    if len(row.jobs) > _MOST_COMBINATIONS:
        yield f"{row.below}  · … and {len(row.jobs) - _MOST_COMBINATIONS} more"


def _group(jobs: Sequence[JobPlan]) -> dict[str, tuple[JobPlan, ...]]:
    groups: dict[str, tuple[JobPlan, ...]] = {}
    for job in jobs:
        groups[job.job] = (*groups.get(job.job, ()), job)
    return groups


def _lay_out(jobs: Sequence[JobPlan]) -> list[_Row]:
    """The rows with their lines; none if the drawing would be too wide.

    Each job that others need holds a lane from its row to the last of those; its own lane is to the right
    of all it needs, so that every line goes down and then right.
    """
    groups = _group(jobs)
    last_use = {need: job for job, group in groups.items() for need in group[0].needs_jobs}
    lanes: dict[str, int] = {}
    rows = []
    for name, group in groups.items():
        needs = sorted(lanes[need] for need in group[0].needs_jobs)
        ending = {lanes[need] for need in group[0].needs_jobs if last_use[need] == name}
        lane = _free_lane(lanes.values(), needs)
        if lane >= _WIDEST:
            return []
        before = _draw_row(lane, needs, ending, set(lanes.values()), "◆" if group[0].gate else "●")
        lanes = {job: held for job, held in lanes.items() if last_use[job] != name}
        if name in last_use:
            lanes[name] = lane
        rows.append(_Row(group, before, _draw_below(lanes)))
    return rows


def _free_lane(held: Collection[int], needs: Sequence[int]) -> int:
    lane = needs[-1] + 1 if needs else 0
    while lane in held:
        lane += 1
    return lane


def _draw_row(lane: int, needs: Sequence[int], ending: set[int], held: set[int], sign: str) -> str:
    cells = []
    for column in range(max((*held, lane)) + 1):
        arriving = bool(needs) and needs[0] < column <= lane
        if column == lane:
            char = sign
        elif column in needs:
            char = ("┴" if arriving else "└") if column in ending else ("┼" if arriving else "├")
        elif column in held:
            char = "│"
        else:
            char = "─" if arriving else " "
        leaving = bool(needs) and needs[0] <= column < lane
        cells.append(char + ("─" if leaving else " "))
    return "".join(cells)


def _draw_below(lanes: Mapping[str, int]) -> str:
    held = set(lanes.values())
    return "".join("│ " if column in held else "  " for column in range(max(held, default=-1) + 1))


def _label(row: _Row) -> str:
    matrix = f" ×{len(row.jobs)}" if row.first.matrix else ""
    return show(row.first.job) + matrix


def _describe(row: _Row, *, in_words: bool) -> str:
    job = row.first
    marks = [] if job.matrix else [show(job.runs_on)]
    if in_words and job.needs_jobs:
        marks.append(f"needs {show(', '.join(job.needs_jobs))}")
    if job.condition:
        marks.append(f"if {show(' '.join(job.condition.text.split()))}")
    if job.gate:
        marks.append(f'gate "{show(job.gate)}"')
    marks += [_count(sum(1 for step in job.steps), "step"), format_duration(job.timeout)]
    marks += _describe_machine(job)
    return " · ".join(marks)


def _describe_machine(job: JobPlan) -> Iterator[str]:
    wanted = job.resources
    if wanted.size:
        yield f"size {show(wanted.size)}"
    if wanted.cpus:
        yield _count(wanted.cpus, "cpu")
    if wanted.memory:
        yield f"{format_size(wanted.memory)} memory"
    if job.network is Network.NONE:
        yield "no network"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
