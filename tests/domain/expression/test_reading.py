"""What reads as an expression, and what is said, and where, of what does not."""

import sys
import time
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.expression import (
    SUCCESS,
    EvaluationMistake,
    Expression,
    KnownNames,
    Scope,
    check_names,
    evaluate,
    parse_expression,
    parse_template,
    render,
)
from solstice.domain.expression.parser import DEEPEST_NESTING, LONGEST_EXPRESSION


def only_mistake(text: str) -> Diagnostic:
    parsed = parse_expression(text)
    assert parsed.expression is None
    (mistake,) = parsed.mistakes
    return mistake


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("", "", "ends too early"),
        ("a ==", "=", "ends too early"),
        ("(1", "1", "ends too early"),
        ("1 2", "2", "`2` cannot stand here"),
        ("a b", "b", "`b` cannot stand here"),
        ("a.b..c", ".", "`.` cannot stand here"),
        ("a.'x'", "'x'", "cannot stand here"),
        ("f(1,)", ")", "`)` cannot stand here"),
        ("f(,1)", ",", "`,` cannot stand here"),
        ("a[1", "1", "ends too early"),
        ("a)", ")", "`)` cannot stand here"),
        ("&& a", "&&", "`&&` cannot stand here"),
        ("a = b", "=", "`=` has no meaning"),
        ("a & b", "&", "`&` has no meaning"),
        ("a + b", "+", "`+` has no meaning"),
        ('a == "b"', '"', '`"` has no meaning'),
        ("x == 'abc", "'abc", "never closed"),
        ("12ab", "12ab", "`12ab` is not a number"),
        ("1.2.3", "1.2.3", "is not a number"),
        ("0x", "0x", "is not a number"),
        ("a \u0000", "\u0000", "`U+0000` has no meaning"),
        ("ä", "ä", "`ä` has no meaning"),
        ("${{ a", "$", "`$` has no meaning"),
        ("*", "*", "`*` cannot stand here"),
    ],
)
def test_a_text_that_does_not_read_is_explained_at_the_place(text: str, marked: str, message: str) -> None:
    mistake = only_mistake(text)
    assert mistake.code == "expression-syntax"
    assert message in mistake.message
    assert text[mistake.span.start : mistake.span.end] == marked


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('a == "b"', "texts stand in single quotes: 'main'"),
        ("a = b", "equality is written `==`"),
        ("a & b", "and is written `&&`"),
        ("a | b", "or is written `||`"),
        ("a == 'it's'", "a quote inside a text is written twice: 'it''s'"),
    ],
)
def test_the_usual_slips_come_with_their_remedy(text: str, hint: str) -> None:
    assert hint in only_mistake(text).hint


def test_a_template_is_cut_at_its_holes() -> None:
    parsed = parse_template("a ${{ ref }}${{ '}}' }} b $ {{ }} ${")
    assert [part if isinstance(part, str) else part.text for part in parsed.parts] == [
        "a ",
        "ref",
        "'}}'",
        " b $ {{ }} ${",
    ]


def test_every_hole_reports_its_own_mistake_with_offsets_into_the_template() -> None:
    text = "x ${{ 1 + 2 }} ${{ ref }} ${{ }} ${{ a"
    parsed = parse_template(text)
    assert [(m.message.split()[0], m.span.start) for m in parsed.mistakes] == [
        ("`+`", text.index("+")),
        ("the", text.index("${{ }}") + 3),
        ("this", text.rindex("${{")),
    ]
    assert [part.text for part in parsed.expressions] == ["ref"]


def test_a_condition_may_stand_in_one_pair_of_braces() -> None:
    parsed = parse_expression("  ${{ ref == 'a' }} ")
    assert parsed.expression is not None
    assert parsed.expression.text == "ref == 'a'"
    assert only_mistake("${{ a }} && ${{ b }}").message == "`$` has no meaning in an expression"


NESTINGS: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n + "1" + ")" * n,
    "not": lambda n: "!" * n + "1",
    "indexes": lambda n: "matrix[" * n + "1" + "]" * n,
    "calls": lambda n: "format(" * n + "1" + ")" * n,
    "everything": lambda n: "1||1&&1==1<format(" * n + "1" + ")" * n,
}


@pytest.mark.parametrize("kind", list(NESTINGS))
def test_nesting_is_limited(kind: str) -> None:
    parsed = parse_expression(NESTINGS[kind](DEEPEST_NESTING))
    assert parsed.expression is not None
    evaluate(parsed.expression, Scope({"matrix": {}}))
    mistake = only_mistake(NESTINGS[kind](DEEPEST_NESTING + 1))
    assert mistake.code == "expression-limit"
    assert only_mistake(NESTINGS[kind](5000)).code == "expression-limit"


def test_the_deepest_expression_leaves_half_of_the_stack_alone() -> None:
    parsed = parse_expression("0||1&&1==1<format(" * DEEPEST_NESTING + "1" + ")" * DEEPEST_NESTING)
    assert parsed.expression is not None
    deepest = 0

    def note_depth(frame: FrameType | None, event: str, argument: object) -> None:
        nonlocal deepest
        deepest = max(deepest, count_frames(frame))

    sys.setprofile(note_depth)
    try:
        evaluate(parsed.expression, Scope({}))
    finally:
        sys.setprofile(None)
    assert deepest - count_frames(sys._getframe()) < 500


def count_frames(frame: FrameType | None) -> int:
    count = 0
    while frame:
        count, frame = count + 1, frame.f_back
    return count


def test_length_is_limited() -> None:
    assert parse_expression("1" + " " * (LONGEST_EXPRESSION - 1)).expression is not None
    assert only_mistake("1" + " " * LONGEST_EXPRESSION).code == "expression-limit"


FLOODS = {
    "or": "a||" * 20_000 + "a",
    "path": "a" + ".b" * 30_000,
    "indexes": "a" + "[1]" * 20_000,
    "comparisons": "1==" * 20_000 + "1",
    "mixed": "1==1&&1<2||" * 5_000 + "1",
    "arguments": "format(" + "1," * 30_000 + "1)",
    "quotes": "'" * 65_000,
    "open quote": "'" + "''" * 30_000,
    "digits": "1" * 65_000,
    "hex digits": "0x" + "f" * 65_000,
    "blanks": " " * 65_000,
    "dots": "." * 65_000,
    "exponent": "1e" * 30_000,
    "wildcards": "a" + ".*" * 30_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(FLOODS))
def test_a_flood_is_read_and_evaluated_in_linear_time(kind: str) -> None:
    started = time.process_time()
    parsed = parse_expression(FLOODS[kind])
    if parsed.expression is not None:
        check_names(parsed, KnownNames())
        evaluate(parsed.expression, Scope({"a": {"b": 1}}))
    assert time.process_time() - started < 2


@pytest.mark.slow
def test_a_template_of_many_holes_is_read_in_linear_time() -> None:
    started = time.process_time()
    assert len(parse_template("${{1}}" * 40_000).parts) == 40_000
    assert len(parse_template("${{'" * 100_000).mistakes) == 1
    assert time.process_time() - started < 4


PIECES = [
    "matrix", "needs", "env", "ref", "x", ".", "*", "[", "]", "(", ")", ",", "'a'", "''", "1", "0x1F",
    "-1.5e3",
    "null", "true", "!", "&&", "||", "==", "!=", "<", "<=", ">", ">=", " ", "format", "join", "contains",
    "toJSON",
    "fromJSON", "'[1,{\"a\":2}]'", "'{0}'", "success", "always", "hash", "'", "{", "$", "}}",
]  # fmt: skip


def place_of_failure(expression: Expression) -> Span:
    contexts = {"matrix": {"x": [1, {"x": "y"}]}, "needs": {}, "env": {}, "ref": "r"}
    try:
        evaluate(expression, Scope(contexts, SUCCESS))
    except EvaluationMistake as mistake:
        return mistake.span
    return expression.span


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_is_an_expression_or_one_mistake_inside_it(text: str) -> None:
    parsed = parse_expression(text)
    assert (parsed.expression is None) == bool(parsed.mistakes)
    known = KnownNames(frozenset("x"), frozenset("x"), {"x": True}, frozenset("x"), True, True, True)
    found = check_names(parsed, known)
    for mistake in (*parsed.mistakes, *found):
        assert 0 <= mistake.span.start <= mistake.span.end <= len(text)
    if parsed.expression is not None and not found:
        span = place_of_failure(parsed.expression)
        assert 0 <= span.start <= span.end <= len(text)


@given(st.lists(st.sampled_from([*PIECES, "${{", "}}", "text"]), max_size=25).map("".join))
def test_any_text_is_a_template_and_one_without_holes_is_itself(text: str) -> None:
    parsed = parse_template(text)
    if "${{" not in text:
        assert render(parsed.parts, Scope({})) == text
        assert not parsed.mistakes
