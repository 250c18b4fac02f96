"""The benchmarks measure what they say they measure."""

from benchmarks.startup import Figure, show, write_workflow
from solstice.domain.diagnostic import Source
from solstice.domain.workflow.reader import read_workflow


def test_the_large_workflow_has_a_thousand_lines_and_no_mistake() -> None:
    text = write_workflow(1000)
    read = read_workflow(Source("large.kdl", text))
    assert text.count("\n") == 1000
    assert read.diagnostics == ()
    assert read.workflow is not None
    assert len(read.workflow.jobs) > 150


def test_a_figure_over_its_budget_is_called_too_slow() -> None:
    slow, fine = Figure("a", 2.0, 1.0, 3.0, 1.5), Figure("b", 1.0, 1.0, 3.0, 1.5)
    assert (slow.is_kept, fine.is_kept) == (False, True)
    assert [line.endswith("TOO SLOW") for line in show([slow, fine]).splitlines()] == [False, True, False]
