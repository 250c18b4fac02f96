"""Mistakes of a whole file: several at once, limits, circles, and places through escapes."""

from datetime import timedelta

from solstice.domain.diagnostic import Source, Span
from solstice.domain.workflow import Limits, read_workflow, read_workflow_bytes
from tests.domain.workflow.test_mistakes import job, top


def codes(text: str, limits: Limits | None = None) -> list[str]:
    return [found.code for found in read_workflow(Source("workflow.kdl", text), limits).diagnostics]


def test_a_file_without_a_workflow_says_what_it_needs() -> None:
    (found,) = read_workflow(Source("workflow.kdl", "")).diagnostics
    assert (found.code, found.span, found.expected) == ("missing-node", Span(0, 0), "workflow { … }")


def test_every_mistake_of_a_file_is_reported_in_the_order_of_places() -> None:
    text = top('on "pushed"\npriority 1000\njob id="a b" run_on="x" { needs "zz"; timeout 3 }')
    found = read_workflow(Source("workflow.kdl", text)).diagnostics
    assert [d.code for d in found] == [
        "unknown-choice",
        "out-of-range",
        "empty-job",
        "bad-id",
        "unknown-property",
        "unknown-need",
        "wrong-type",
    ]
    assert list(found) == sorted(found, key=lambda d: d.span.start)


def test_a_circle_is_spelled_out_and_reported_once() -> None:
    text = top('job id="a" { needs "b"; step run="x" }\njob id="b" { needs "c"; step run="x" }\n'
               'job id="c" { needs "a" "good"; step run="x" }')  # fmt: skip
    (found,) = read_workflow(Source("workflow.kdl", text)).diagnostics
    assert found.message == "these jobs wait for each other: a → b → c → a"


def test_hints_are_in_the_words_of_the_version_the_text_is_written_in() -> None:
    text = 'workflow { checkout lfs=true submodules="yes"\n job id="a" script="x" }'
    (found,) = read_workflow(Source("workflow.kdl", text)).diagnostics
    assert (found.expected, found.hint) == ("true or false", "write `true` without quotes")


def test_nothing_is_called_missing_where_the_text_cannot_be_read() -> None:
    assert set(codes('workflow {\n job id="a" { step run="x }\n}\n')) == {"kdl-syntax"}


def test_deep_nesting_is_refused_at_the_first_node_too_deep() -> None:
    text = "workflow { " + "a { " * 31 + "b {} " + "}" * 32
    deep = [d for d in read_workflow(Source("f", text)).diagnostics if d.code == "limit-nesting"]
    assert [text[d.span.start : d.span.start + 1] for d in deep] == ["b"]


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert codes("workflow {}" + " " * (1 << 20)) == ["limit-file-size"]
    assert codes("// " + "é" * (1 << 19)) == ["limit-file-size"]
    _, read = read_workflow_bytes(b"\xff" * ((1 << 20) + 1), "f")
    assert [d.code for d in read.diagnostics] == ["limit-file-size"]


def test_a_flood_of_mistakes_is_cut_with_a_count() -> None:
    found = read_workflow(Source("f", top("x\n" * 1000))).diagnostics
    assert (len(found), found[-1].code, found[-1].message) == (
        201,
        "too-many-mistakes",
        "800 more are not shown",
    )


def test_bytes_that_are_not_utf_8_are_a_mistake_at_their_place() -> None:
    source, read = read_workflow_bytes(b'workflow { job id="a" script="\xff" }', "f")
    assert read.workflow is None
    assert (read.diagnostics[0].code, source.place(read.diagnostics[0].span.start).column) == (
        "kdl-syntax",
        31,
    )


def test_a_timeout_is_held_against_what_the_operator_allows() -> None:
    assert codes(job('timeout "50m"'), Limits(timeout=timedelta(minutes=30))) == ["limit-timeout"]
    assert codes(job('timeout "30m"'), Limits(timeout=timedelta(minutes=30))) == []


def test_a_condition_through_escapes_is_marked_exactly_and_in_a_block_as_a_whole() -> None:
    source = Source("f", job("if \"ref == '\\u{1F600}\\t' && nope\""))
    (found,) = read_workflow(source).diagnostics
    assert source.text[found.span.start : found.span.end] == "nope"
    source = Source("f", job('if """\n        ref == \'x\'\n        && nope\n        """\n'))
    (found,) = read_workflow(source).diagnostics
    assert source.text[found.span.start : found.span.end].startswith('"""')


def test_a_raw_text_is_marked_exactly() -> None:
    source = Source("f", job("if #\"ref == '\\d' && nope\"#"))
    (found,) = read_workflow(source).diagnostics
    assert source.text[found.span.start : found.span.end] == "nope"


def test_a_job_may_be_fetched_from_when_a_needed_job_needs_it() -> None:
    text = top(
        'job id="b" { needs "good"; step run="x" }\n'
        'job id="c" { needs "b"; step run="x"; fetch artifact="${{ branch }}" from="good" }'
    )
    assert codes(text) == []


def test_includes_that_make_no_job_of_their_own_count_for_nothing() -> None:
    jobs = "".join(f'job id="j{i}" script="x"\n' for i in range(250))
    includes = "".join(f"include a=1 x{i}=1\n" for i in range(10))
    text = f'workflow {{ {jobs} job id="m" {{ matrix {{ a 1 2\n {includes} }}; step run="x" }} }}'
    assert codes(text) == []


def test_what_is_said_of_a_hostile_name_is_one_short_printable_line() -> None:
    for name in ("x" * 100_000, "a\\u{1b}[2J\\u{2028}b"):
        (found,) = read_workflow(Source("f", top(f'"{name}"'))).diagnostics
        assert found.message.isprintable()
        assert len(found.message) <= 400
