"""Names and calls that cannot be right are found before anything runs, each at its place."""

import pytest

from solstice.domain.expression import (
    KnownNames,
    asks_status,
    calls,
    check_names,
    parse_expression,
    parse_template,
    references,
)

KNOWN = KnownNames(
    matrix=frozenset({"os", "python"}),
    inputs=frozenset({"level"}),
    needs={"lint": True, "test-all": False},
    env=frozenset({"MODE"}),
    hash_allowed=False,
    status_functions_allowed=True,
    needs_allowed=True,
)
KEY = KnownNames(hash_allowed=True)


def found(text: str, known: KnownNames = KNOWN) -> list[tuple[str, str, str]]:
    parsed = parse_expression(text)
    assert parsed.expression is not None, parsed.mistakes
    return [(d.code, text[d.span.start : d.span.end], d.hint) for d in check_names(parsed, known)]


@pytest.mark.parametrize(
    "text",
    [
        "event == 'push' && matrix.os != MATRIX.Python",
        "needs.lint.result == 'success' || needs.lint.outputs.x == needs['lint'].outputs['y']",
        "needs.test-all.result",
        "contains(needs.*.result, 'failure')",
        "contains(needs.*.outputs.x, 'failure')",
        "needs[matrix.os].result",
        "matrix[env.MODE]",
        "toJSON(matrix)",
        "inputs.LEVEL == 'x' && always() && !cancelled()",
        "fromJSON('{}').whatever.nested[0]",
        "fromJSON(matrix.os) || format(matrix.os, 1)",
        "format('{0}', sha, ref, branch, tag, repo, actor, workflow)",
    ],
)
def test_what_exists_passes(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "code", "marked", "hint"),
    [
        ("matrx.os", "unknown-context", "matrx", "did you mean `matrix`?"),
        ("github.ref", "unknown-context", "github", "these names stand alone here"),
        ("secrets.TOKEN", "unknown-context", "secrets", "no expression can read a secret"),
        ("branch == main", "unknown-context", "main", "A text stands in single quotes: 'main'"),
        ("matrix.pyton", "unknown-name", "pyton", "did you mean `python`?"),
        ("inputs.lvel", "unknown-name", "lvel", "did you mean `level`?"),
        ("env.MOED", "unknown-name", "MOED", "did you mean `MODE`?"),
        ("needs.lnt.result", "unknown-name", "lnt", "did you mean `lint`?"),
        ("needs.lint.results", "unknown-name", "results", "did you mean `result`?"),
        ("needs.test-all.outputs.x", "outputs-of-matrix", "needs.test-all.outputs.x", "Keep an artifact"),
        ("toJSON(needs['test-all'].outputs)", "outputs-of-matrix", "needs['test-all'].outputs", ""),
        ("event.name", "unknown-property", "name", ""),
        ("startwith(ref, 'x')", "unknown-function", "startwith", "did you mean `startsWith`?"),
        ("hashFiles('x')", "unknown-function", "hashFiles", "`hash('glob', …)`"),
        ("contains('x')", "wrong-arguments", "contains('x')", ""),
        ("format()", "wrong-arguments", "format()", ""),
        ("success(1)", "wrong-arguments", "success(1)", ""),
        ("fromJSON('')", "wrong-arguments", "''", ""),
        ("fromJSON('[1,')", "wrong-arguments", "'[1,'", ""),
        ("format('{0} {1}', ref)", "wrong-arguments", "'{0} {1}'", ""),
        ("format('{', ref)", "wrong-arguments", "'{'", ""),
        ("hash('x')", "misplaced-function", "hash('x')", "in the machine"),
        ("matrix[nope]", "unknown-context", "nope", ""),
        ("fromJSON(needs.x.result).a", "unknown-name", "x", ""),
    ],
)
def test_what_does_not_exist_is_marked_and_explained(text: str, code: str, marked: str, hint: str) -> None:
    ((got_code, got_marked, got_hint),) = found(text)
    assert (got_code, got_marked) == (code, marked)
    assert hint in got_hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("needs.lint.result", "misplaced-context"),
        ("matrix.os", "misplaced-context"),
        ("env.MODE", "misplaced-context"),
        ("always()", "misplaced-function"),
        ("inputs.level", "unknown-name"),
    ],
)
def test_where_nothing_is_known_yet_that_is_said(text: str, code: str) -> None:
    assert [got for got, _, _ in found(text, KnownNames())] == [code]


def test_every_mistake_is_found_in_the_order_of_the_text() -> None:
    assert [marked for _, marked, _ in found("nope(matrix.x) || y.z == inputs.w")] == ["nope", "x", "y", "w"]


def test_hash_stands_alone_in_its_hole() -> None:
    text = "pip-${{ hash('a*', 'b') }}-${{ format('{0}', hash('c')) }}"
    (mistake,) = check_names(parse_template(text), KEY)
    assert mistake.code == "misplaced-function"
    assert text[mistake.span.start : mistake.span.end] == "hash('c')"
    assert "pip-${{ hash('*.txt') }}" in mistake.hint


def test_references_tell_each_word_and_its_place() -> None:
    text = "needs.lint.outputs['a b'] || matrix.*[inputs.x]"
    parsed = parse_expression(text)
    assert parsed.expression is not None
    got = references(parsed.expression)
    assert [reference.path for reference in got] == [
        ("needs", "lint", "outputs", "a b"),
        ("matrix", "*", "*"),
        ("inputs", "x"),
    ]
    assert [text[s.start : s.end] for s in got[0].spans] == ["needs", "lint", "outputs", "'a b'"]
    assert text[got[0].span.start : got[0].span.end] == "needs.lint.outputs['a b']"


def test_calls_come_from_left_to_right_and_outside_in() -> None:
    parsed = parse_expression("format(join(matrix), success()) == toJSON(1)")
    assert parsed.expression is not None
    assert [call.name for call in calls(parsed.expression)] == ["format", "join", "success", "toJSON"]


@pytest.mark.parametrize(
    ("text", "asks"),
    [("success()", True), ("!(1 == 2 || Cancelled())", True), ("format('always()')", False), ("ref", False)],
)
def test_asking_for_the_status_is_seen_anywhere(text: str, asks: bool) -> None:
    parsed = parse_expression(text)
    assert parsed.expression is not None
    assert asks_status(parsed.expression) is asks
