"""The benchmarks measure what they say they measure, and judge and tell it rightly."""

import xml.etree.ElementTree as ET
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from benchmarks.catalogue import FIGURES, pick
from benchmarks.command_line import write_workflow
from benchmarks.figure import Figure, Pair, Result
from benchmarks.lab import Lab
from benchmarks.plot import draw
from benchmarks.table import compare, show, show_markdown
from solstice.domain.diagnostic import Source
from solstice.domain.workflow.reader import read_workflow


def never_opened(lab: Lab) -> AbstractAsyncContextManager[Pair]:
    raise NotImplementedError


TIME = Figure("wait", "s", "ours", "the <least>", 1.5, 3, 2, never_opened)
RATE = replace(TIME, name="flow", unit="MB/s", goal=0.5, more_is_better=True)
MACHINE = {
    "cpu": "a processor",
    "cores": 2,
    "memory_bytes": 2**32,
    "kernel": "6.1",
    "python": "3.11",
    "qemu": "",
    "accelerator": "tcg",
    "load": 0.1,
}


def test_the_large_workflow_has_a_thousand_lines_and_no_mistake() -> None:
    text = write_workflow(1000)
    read = read_workflow(Source("large.kdl", text))
    assert text.count("\n") == 1000
    assert read.diagnostics == ()
    assert read.workflow is not None
    assert len(read.workflow.jobs) > 30


@pytest.mark.parametrize(
    ("figure", "subject", "met"),
    [(TIME, 1.5, True), (TIME, 1.51, False), (RATE, 0.5, True), (RATE, 0.49, False)],
)
def test_a_goal_bounds_times_from_above_and_rates_from_below(
    figure: Figure, subject: float, met: bool
) -> None:
    assert Result(figure, (subject,), (1.0,)).is_met is met


def test_a_record_holds_medians_their_ratio_and_every_round() -> None:
    record = Result(TIME, (2.0, 9.0, 4.0), (2.0, 2.0, 2.0)).record(MACHINE, "c0ffee")
    assert (record["subject"], record["floor"], record["ratio"], record["met"]) == (4.0, 2.0, 2.0, False)
    assert (record["rounds"], record["spread"]) == (3, 1.75)
    assert record["samples"] == {"subject": [2.0, 9.0, 4.0], "floor": [2.0, 2.0, 2.0]}


def test_a_figure_that_could_not_be_measured_says_why_and_is_not_met() -> None:
    result = Result(TIME, why_not="no QEMU here")
    record = result.record(MACHINE, "c0ffee")
    assert (record["ratio"], record["met"], record["why_not"]) == (None, False, "no QEMU here")
    assert "not measured: no QEMU here" in show([result], MACHINE)


def test_the_table_tells_which_goals_are_missed() -> None:
    lines = show([Result(TIME, (3.0,), (1.0,)), Result(RATE, (3.0,), (1.0,))], MACHINE).splitlines()
    assert [line.split()[-1] for line in lines[2:]] == ["MISSED", "ok"]


def test_the_table_of_a_document_has_a_row_for_each_figure() -> None:
    text = show_markdown([Result(TIME, (3.0,), (1.0,)), Result(RATE, why_not="no\nguest")], MACHINE, "c0ffee")
    assert text.splitlines()[-2:] == [
        "| `wait` | 3 s | 1 s | 3.00 | 0.00 | ≤ 1.5 | MISSED |",
        "| `flow` | – | – | – | – | ≥ 0.5 | not measured: no |",
    ]


@pytest.mark.parametrize(
    ("figure", "then", "now", "verdict"),
    [
        (TIME, 1.0, 1.1, "+10%"),
        (TIME, 1.0, 2.0, "WORSE"),
        (TIME, 2.0, 1.0, "better"),
        (RATE, 2.0, 1.0, "WORSE"),
    ],
)
def test_only_a_change_beyond_the_noise_is_called_one(
    figure: Figure, then: float, now: float, verdict: str
) -> None:
    before, after = (Result(figure, (value,), (1.0,)).record(MACHINE, "") for value in (then, now))
    assert compare([after], [before]).split()[-1] == verdict


def test_a_plot_is_well_formed_and_shows_every_round() -> None:
    root = ET.fromstring(draw(Result(TIME, (2.0, 3.0), (1.0, 1.0))))  # noqa: S314
    assert sum(element.tag.endswith("circle") for element in root.iter()) == 4


def test_names_are_unique_and_an_unknown_one_is_refused() -> None:
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    assert pick(()) == FIGURES
    with pytest.raises(ValueError, match="there is no figure nonsense"):
        pick(("help", "nonsense"))
