"""What expressions come to: the operators, coercions and functions of the GitHub Actions language."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.domain.expression import (
    CANCELLED,
    FAILURE,
    SUCCESS,
    EvaluationMistake,
    Scope,
    Status,
    describe_occasion,
    evaluate,
    is_true,
    parse_expression,
    parse_template,
    render,
)
from solstice.domain.plan import Occasion

CONTEXTS = describe_occasion(
    Occasion("push", sha="c0ffee", ref="refs/heads/main", branch="main", inputs=(("n", 5),)),
    "checks",
    matrix=(("os", "Debian-12"), ("version", 3.1), ("experimental", True), ("none", None)),
    env={"Mode": "full", "MODE": "upper"},
    needs={
        "build": {"result": "success", "outputs": {"version": "1.2", "sum": "ab"}},
        "3x": {"result": "failure", "outputs": {}},
    },
)


def value(text: str, status: Status | None = SUCCESS) -> object:
    parsed = parse_expression(text)
    assert parsed.expression is not None, parsed.mistakes
    return evaluate(parsed.expression, Scope(CONTEXTS, status))


def mistake(text: str) -> EvaluationMistake:
    with pytest.raises(EvaluationMistake) as caught:
        value(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", None), ("true", True), ("false", False),
        ("0", 0), ("42", 42), ("-7", -7), ("+7", 7), ("1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("5.", 5.0),
        ("1e3", 1000.0), ("-2.5E-1", -0.25), ("1e+2", 100.0), ("0x1F", 31), ("0o17", 15),
        ("Infinity", math.inf), ("-Infinity", -math.inf), ("''", ""), ("'it''s'", "it's"), ("''''", "'"),
        ("'a\n\"b'", 'a\n"b'),
        ("  'a' ", "a"),
    ],
)  # fmt: skip
def test_literals(text: str, expected: object) -> None:
    got = value(text)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 || 0 && 0", 1),
        ("true || false && false", True),
        ("(true || true) && false", False),
        ("1 == 1 && 2 == 2", True),
        ("1 < 2 == true", True),
        ("true == 1 < 2", True),
        ("!true == false", True),
        ("!(true == false)", True),
        ("!false && false", False),
        ("3 > 2 > 1", False),
        ("1 == 1 == 1", True),
        ("!!'x'", True),
        ("1 <= 1 && 1 >= 1 && 1 != 2", True),
    ],
)
def test_precedence_is_githubs(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' || 'b'", "a"), ("'' || 'b'", "b"), ("0 || null", None), ("'' || 0", 0),
        ("'a' && 'b'", "b"), ("'' && 'b'", ""), ("null && 'b'", None), ("NaN && 1", "NaN"),
        ("branch == 'main' && 'yes' || 'no'", "yes"), ("branch == 'x' && 'yes' || 'no'", "no"),
        ("false && fromJSON('junk')", False), ("true || fromJSON('junk')", True),
    ],
)  # fmt: skip
def test_and_and_or_give_an_operand_and_look_no_further_than_needed(text: str, expected: object) -> None:
    got = value(text)
    assert got == expected or (expected == "NaN" and got != got)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'MAIN' == 'main'", True), ("'ÄÖ' == 'äö'", True), ("'ß' == 'ss'", False), ("'ı' == 'I'", False),
        ("'a' < 'B'", True),
        ("'a' != 'A'", False), ("'a' < 'a'", False), ("'a' <= 'A'", True), ("'b' > 'A'", True),
        ("'_' > 'a'", True),
        ("null == null", True), ("null == 0", True), ("null == ''", True), ("null == false", True),
        ("null != 1", True), ("null < 1", True), ("null >= 0", True),
        ("true == 1", True), ("true == 'true'", False), ("true == '1'", True), ("false == ''", True),
        ("true > false", True), ("'10' == 10", True), ("' 10 ' == 10", True), ("'0x0A' == 10", True),
        ("'1e1' == 10", True), ("'10' == '10.0'", False), ("'abc' == 0", False), ("'abc' != 0", True),
        ("'9' < 10", True), ("'9' < '10'", False), ("'abc' < 1", False), ("'abc' >= 1", False),
        ("NaN == NaN", False), ("NaN != NaN", True), ("NaN <= NaN", False), ("Infinity == Infinity", True),
        ("matrix == matrix", True), ("matrix == needs", False), ("matrix == 0", False),
        ("matrix == ''", False),
        ("matrix < 1", False), ("fromJSON('[1]') == fromJSON('[1]')", False), ("fromJSON('[]') == ''", False),
        ("9007199254740993 == 9007199254740992", False), ("1 == 1.0", True), ("-0.0 == 0", True),
    ],
)  # fmt: skip
def test_comparison_is_loose(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", False), ("0", False), ("-0.0", False), ("NaN", False), ("''", False), ("false", False),
        ("'0'", True), ("'false'", True), ("' '", True), ("1", True), ("-1", True), ("Infinity", True),
        ("matrix", True), ("fromJSON('[]')", True), ("fromJSON('{}')", True), ("matrix.absent", False),
    ],
)  # fmt: skip
def test_truth(text: str, expected: bool) -> None:
    assert is_true(value(text)) is expected
    assert value(f"!({text})") is not expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event", "push"), ("REF", "refs/heads/main"), ("workflow", "checks"), ("inputs.n", 5),
        ("matrix.os", "Debian-12"), ("Matrix.OS", "Debian-12"), ("matrix['os']", "Debian-12"),
        ("matrix[format('o{0}', 's')]", "Debian-12"), ("matrix . os", "Debian-12"),
        ("matrix [ 'os' ]", "Debian-12"),
        ("matrix.absent", None), ("matrix.absent.more", None), ("event.name", None), ("event[0]", None),
        ("env.MODE", "upper"), ("env.Mode", "full"), ("env.mode", "full"),
        ("needs.build.outputs.VERSION", "1.2"), ("needs.3x.result", "failure"),
        ("needs['3x'].result", "failure"),
        ("fromJSON('[1,2,3]')[1]", 2), ("fromJSON('[1,2]')['1']", 2), ("fromJSON('[1,2]')[1.9]", 2),
        ("fromJSON('[1,2]')[2]", None), ("fromJSON('[1,2]')[-1]", None), ("fromJSON('[1,2]')['x']", None),
        ("fromJSON('{\"true\":1}').true", 1), ("fromJSON('{\"a-b\":{\"c_d\":1}}').a-b.c_d", 1),
        ("fromJSON('{\"1\":\"x\"}')[1]", "x"), ("matrix[matrix]", None), ("('x')", "x"),
        ("(matrix).os", "Debian-12"),
    ],
)  # fmt: skip
def test_paths(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("join(needs.*.result)", "success,failure"),
        ("contains(needs.*.result, 'FAILURE')", True),
        ("join(needs.*.outputs.version)", "1.2"),
        ("join(needs.*.outputs.*)", "1.2,ab"),
        ('join(fromJSON(\'[{"a":[1,2]},{"a":[3]},{"b":4}]\').*.a.*, \'+\')', "1+2+3"),
        ('join(fromJSON(\'[{"a":1},{"a":2}]\')[*].a)', "1,2"),
        ('join(fromJSON(\'[{"a":1},{"a":2}]\').a)', ""),
        ("join(event.*)", ""),
        ("toJSON(matrix.absent.*)", "[]"),
    ],
)
def test_a_wildcard_reaches_into_every_element(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contains('Hello world', 'WORLD')", True), ("contains('abc', '')", True),
        ("contains('abc', 'd')", False),
        ("contains(12345, 34)", True), ("contains('null', null)", True), ("contains(null, 'x')", False),
        ("contains(fromJSON('[\"a\",\"b\"]'), 'B')", True), ("contains(fromJSON('[\"ab\"]'), 'a')", False),
        ("contains(fromJSON('[1,2]'), '2')", True), ("contains(matrix, 'os')", False),
        ("contains('a', matrix)", False), ("contains(fromJSON('[]'), '')", False),
        ("startsWith('refs/heads/x', 'REFS/')", True), ("startsWith('a', 'ab')", False),
        ("startsWith(123, 12)", True), ("startsWith(matrix, '')", False), ("startsWith('a', '')", True),
        ("endsWith('a.PY', '.py')", True), ("endsWith('a', 'ba')", False), ("endsWith('a', needs)", False),
        ("format('a {0} {1} {0}', 'x', 2)", "a x 2 x"), ("format('{{0}} {{{0}}}', 'x')", "{0} {x}"),
        ("format('{0}{1}{2}{3}', null, true, 1.50, matrix)", "true1.5Object"), ("format('none')", "none"),
        ("format('{0}', fromJSON('[]'))", "Array"), ("format('{0}', '{1}')", "{1}"), ("format(12)", "12"),
        ("join('one', '-')", "one"), ("join(fromJSON('[1,null,true,\"x\",[2]]'), '-')", "1--true-x-Array"),
        ("join(fromJSON('[1,2]'), matrix)", "1,2"), ("join(matrix)", ""), ("join(fromJSON('[]'))", ""),
        ("join(fromJSON('[1,2]'), 0)", "102"),
        ("toJSON('a\"ü')", '"a\\"ü"'), ("toJSON(null)", "null"), ("toJSON(1e3)", "1000"),
        ("toJSON(true)", "true"),
        ("toJSON(fromJSON('[]'))", "[]"), ("toJSON(fromJSON('{}'))", "{}"),
        ("toJSON(fromJSON('[1,{\"a\":[]}]'))", '[\n  1,\n  {\n    "a": []\n  }\n]'),
        ("fromJSON('\"x\"')", "x"), ("fromJSON('3')", 3), ("fromJSON('null')", None),
        ("FROMjson('true')", True),
        ("fromJSON(5)", 5),
    ],
)  # fmt: skip
def test_functions(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "success", "failure", "cancelled"),
    [
        ("success()", True, False, False),
        ("failure()", False, True, False),
        ("cancelled()", False, False, True),
        ("always()", True, True, True),
        ("SUCCESS() || Failure()", True, True, False),
    ],
)
def test_status_functions_answer_from_the_scope(
    text: str, success: bool, failure: bool, cancelled: bool
) -> None:
    assert [value(text, status) for status in (SUCCESS, FAILURE, CANCELLED)] == [success, failure, cancelled]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1", "1"), ("1.0", "1"), ("-0.0", "0"), ("0.1", "0.1"), ("1e15", "1E+15"),
        ("1e14", "100000000000000"),
        ("0.0001", "0.0001"), ("0.00001", "1E-05"), ("1e400", "Infinity"), ("NaN", "NaN"),
        ("123456789012345678", "123456789012345678"), ("0xffffffffffffffffffff", "1.20892581961463E+24"),
        ("3.10", "3.1"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_github_writes_them(number: str, text: str) -> None:
    assert value(f"format('{{0}}', {number})") == text


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("ref == fromJSON('{')", "fromJSON('{')", "fromJSON() was given a text that is not JSON"),
        ("fromJSON('')", "fromJSON('')", "not JSON"),
        ("fromJSON('NaN')", "fromJSON('NaN')", "NaN is not a JSON value"),
        ("fromJSON(matrix)", "fromJSON(matrix)", "not JSON"),
        (f"fromJSON('{'[' * 65}')", f"fromJSON('{'[' * 65}')", "nested more than 64 deep"),
        (f"fromJSON('{'[' * 30000}')", f"fromJSON('{'[' * 30000}')", "nested more than 64 deep"),
        (f"fromJSON('{'9' * 5000}')", f"fromJSON('{'9' * 5000}')", "not JSON"),
        ("format('{0}')", "format('{0}')", "met {0} but was given 0 values"),
        ("format('{')", "format('{')", "lone `{`"),
        ("format('a}', 1)", "format('a}', 1)", "lone `}`"),
        ("format('{x}', 1)", "format('{x}', 1)", "lone `{`"),
        ("github.ref", "github", "`github` is not known here"),
        ("nope(1)", "nope(1)", "cannot be called like this"),
        ("contains(1)", "contains(1)", "cannot be called like this"),
        ("hash('x')", "hash('x')", "hash() has no answer here"),
    ],
)
def test_what_has_no_value_is_a_mistake_at_its_place(text: str, marked: str, message: str) -> None:
    found = mistake(text)
    assert message in found.message
    assert text[found.span.start : found.span.end] == marked


def test_status_without_a_state_is_a_mistake() -> None:
    with pytest.raises(EvaluationMistake, match=r"success\(\) has no answer here"):
        value("success()", None)


def test_results_cannot_grow_without_end() -> None:
    bomb = "'" + "x" * 1000 + "'"
    for _ in range(4):
        bomb = f"format('{'{0}' * 40}', {bomb})"
    assert "larger than" in mistake(bomb).message
    many = " || ".join(["!toJSON(fromJSON('[" + "0," * 700 + "0]'))"] * 40)
    assert value(many) is False
    glue = "join(fromJSON('[" + "0," * 20_000 + "0]'), '" + "x" * 20_000 + "')"
    assert "larger than" in mistake(glue).message


def test_work_cannot_grow_without_end() -> None:
    grown = "'" + "x" * 1000 + "'"
    grown = f"format('{'{0}' * 900}', {grown})"
    parsed = parse_expression(" || ".join([f"!{grown}"] * 15))
    assert parsed.expression is not None
    parsed = parse_expression(" || ".join([f"contains({grown}, 'y')"] * 15))
    assert parsed.expression is not None
    with pytest.raises(EvaluationMistake, match="too much work"):
        evaluate(parsed.expression, Scope({}))


def test_a_template_is_its_pieces_and_values_joined() -> None:
    parts = parse_template("pip-${{ matrix.os }}-${{ matrix.version }}-${{ null }}${{ true }}").parts
    assert render(parts, Scope(CONTEXTS)) == "pip-Debian-12-3.1-true"


def test_a_rendered_template_has_a_largest_size() -> None:
    piece = "${{ format('" + "{0}" * 1000 + "', '" + "x" * 600 + "') }}"
    with pytest.raises(EvaluationMistake, match="larger than"):
        render(parse_template(piece * 2).parts, Scope({}))


texts = st.text(st.characters(codec="utf-8"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_any_json_value_survives_to_json_and_back(given_value: object) -> None:
    parsed = parse_expression("toJSON(matrix.v)")
    assert parsed.expression is not None
    text = evaluate(parsed.expression, Scope({"matrix": {"v": given_value}}))
    assert isinstance(text, str)
    assert json.loads(text) == given_value
    assert text == json.dumps(given_value, indent=2, ensure_ascii=False)
