"""What the reference for authors says is true."""

import re
from pathlib import Path

import pytest

from solstice.domain.diagnostic import Source
from solstice.domain.workflow import Limits, read_workflow
from solstice.domain.workflow.grammar import NodeSpec
from solstice.domain.workflow.language import FILE

TEXT = (Path(__file__).resolve().parents[3] / "docs/workflow.md").read_text()
EXAMPLES = re.findall(r"```kdl\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_a_workflow_without_mistakes(example: str) -> None:
    assert read_workflow(Source("workflow.kdl", example)).diagnostics == ()


def names_below(spec: NodeSpec) -> set[str]:
    variants = (names_below(variant) for variant in spec.variants.values())
    children = (names_below(child.spec) for child in spec.children.values())
    return {spec.name, *spec.slots}.union(*variants, *children)


def test_every_node_and_property_of_the_language_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_]+)[`=\s]", TEXT))
    assert names_below(FILE) - {"file", "input"} - explained == set()


def test_the_limits_are_those_of_the_code() -> None:
    limits = Limits()
    assert (limits.file_bytes, limits.nesting, limits.jobs, limits.steps) == (1 << 20, 32, 256, 256)
    for line in ("| nesting | 32 |", "| jobs, every matrix unrolled | 256 |", "| steps of a job | 256 |"):
        assert line in TEXT
