"""KDL 1: what it writes otherwise than KDL 2, and what is no KDL 1."""

from typing import Any

import pytest

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import parse
from tests.domain.kdl.reading import arguments, read


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ('"a\nb"', "a\nb"),
        ('"a\\/b"', "a/b"),
        ('r"\\n"', r"\n"),
        ('r#"a"b"#', 'a"b'),
        ('r##"a\n"#"##', 'a\n"#'),
    ],
)
def test_values(written: str, value: object) -> None:
    assert arguments(f"a {written} true", 1) == [value, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b=true", [("a", [], {"b": True}, [])]),
        ("(t)a (u)true b=(v)null", [(("t", "a"), [("u", True)], {"b": ("v", None)}, [])]),
        ("a#b true", [("a#b", [True], {}, [])]),
        ("inf true", [("inf", [True], {}, [])]),
        ("a { b true; }", [("a", [], {}, [("b", [True], {}, [])])]),
        ("a { b true }", [("a", [], {}, [("b", [True], {}, [])])]),
        ("a /- b=true null", [("a", [None], {}, [])]),
        ("a /-{ b true\n}", [("a", [], {}, [])]),
        ("/- a true\nb true", [("b", [True], {}, [])]),
        ("a \\\n true", [("a", [True], {}, [])]),
        ("a\ufeff true", [("a", [True], {}, [])]),
        ("/- kdl-version 1\na 1", [("a", [1], {}, [])]),
    ],
)
def test_nodes(text: str, expected: list[Any]) -> None:
    assert read(text, 1) == expected


def test_places_are_exact() -> None:
    [node] = parse('a r#"x"# b=true').nodes
    assert node.span == Span(0, 15)
    assert node.arguments[0].span == Span(2, 8)
    assert node.properties[0].value.span == Span(11, 15)


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "a b = true",
        "a ( t)true",
        "a (t) true",
        "a /-\nb",
        "a 1/-true",
        "a {} /-{}",
        "a <b>",
        "a,b 1",
        'a """\nx\n"""',
        'a #"x"#',
        "a #true",
        'a "\\s"',
        "a\n\\\nb",
        "a true \\",
        "a\x0bb",
        "a \u0085\x01",
    ],
)
def test_what_version_1_does_not_know_is_a_mistake_there(text: str) -> None:
    # The last line is clean in version 1 alone, so that version 2 cannot rescue the text.
    document = parse(f'/- kdl-version 1\n{text}\nonly r"1"')
    assert document.version == 1
    assert len(document.mistakes) == 1


def test_a_text_is_never_read_as_a_mixture() -> None:
    document = parse("a true\nb #true")
    assert document.version == 2
    assert [mistake.hint for mistake in document.mistakes] == ["write `#true`"]
