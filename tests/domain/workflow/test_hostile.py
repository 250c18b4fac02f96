"""Whatever is thrown at the reader: a workflow, or diagnostics inside the text; never an exception."""

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.domain.diagnostic import Source
from solstice.domain.plan import Occasion
from solstice.domain.planning import plan
from solstice.domain.workflow import ReadWorkflow, read_workflow, read_workflow_bytes
from tests.domain.workflow.examples import CORE, WHOLE, as_version_1

OCCASIONS = [
    Occasion("push", branch="main"),
    Occasion("manual"),
    Occasion("push", tag="v1", changed=("src/a",)),
]
TOKENS = re.compile(r'"[^"\n]*"|[{};=]|[^\s{};="]+|\s+')
PIECES = sorted(
    {token for text in (CORE, WHOLE) for token in TOKENS.findall(text)}
    | {
        "#true",
        "true",
        "1.50",
        "-3",
        '"${{ needs.x.outputs.y }}"',
        '"${{"',
        "/-",
        "(t)",
        '"""',
        "\\",
        "null",
        "\x00",
        "\u202e",
    }
)


def expect_sane(text: str, read: ReadWorkflow) -> None:
    assert (read.workflow is None) <= bool(read.diagnostics)
    for found in read.diagnostics:
        assert 0 <= found.span.start <= found.span.end <= len(text)
    if read.workflow:
        for occasion in OCCASIONS:
            planned = plan(read.workflow, occasion, "debian-12")
            assert planned.plan is not None or planned.diagnostics


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_workflow_or_diagnostics(data: bytes) -> None:
    source, read = read_workflow_bytes(data, "f")
    expect_sane(source.text, read)


@given(st.lists(st.sampled_from(PIECES), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_words_of_the_language_are_a_workflow_or_diagnostics(pieces: list[str]) -> None:
    text = "workflow {" + " ".join(pieces) + "}"
    expect_sane(text, read_workflow(Source("f", text)))


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    tokens = TOKENS.findall(draw(st.sampled_from([CORE, WHOLE, as_version_1(WHOLE)])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(tokens) - 1))
        match draw(st.integers(0, 2)):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, draw(st.sampled_from(PIECES)))
            case _:
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[at], tokens[other] = tokens[other], tokens[at]
    return "".join(tokens)


@given(mutilated())
@settings(max_examples=150, deadline=None)
def test_a_mutilated_workflow_never_breaks_the_reader(text: str) -> None:
    expect_sane(text, read_workflow(Source("f", text)))


def test_a_million_combinations_are_refused_by_arithmetic() -> None:
    axes = "; ".join(f"a{i} 1 2 3 4 5 6 7 8 9 10" for i in range(6))
    text = f'workflow {{ job id="j" {{ matrix {{ {axes} }}; step run="x" }} }}'
    began = time.process_time()
    (found,) = read_workflow(Source("f", text)).diagnostics
    assert (found.code, found.message) == ("limit-jobs", "this matrix makes 1,000,000 jobs from its axes")
    assert time.process_time() - began < 0.1


def test_more_combinations_than_can_be_written_down_are_refused_as_well() -> None:
    axes = "; ".join(f"a{i} 1 2 3 4 5 6 7 8 9 10" for i in range(32))
    text = f'workflow {{ job id="j" {{ matrix {{ {axes} }}; step run="x" }} }}'
    (found,) = read_workflow(Source("f", text)).diagnostics
    assert found.message == "this matrix makes more jobs than can be counted"


def test_a_large_file_of_hostile_shape_is_read_in_time_that_fits_its_size() -> None:
    needs = (f'"j{(i + 1) % 2000}" "j{(i * 7) % 2000}"' for i in range(2000))
    jobs = "".join(f'job id="j{i}" {{ needs {both}; step run="x" }}\n' for i, both in enumerate(needs))
    began = time.process_time()
    found = read_workflow(Source("f", "workflow {\n" + jobs + "}")).diagnostics
    assert {"cycle-in-needs", "limit-jobs"} <= {d.code for d in found}
    assert time.process_time() - began < 3
