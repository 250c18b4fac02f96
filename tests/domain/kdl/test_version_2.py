"""KDL 2: every construct, what it means, and where it stands."""

import math
from typing import Any

import pytest

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import Document, Node, Property, Value, parse
from tests.domain.kdl.reading import arguments, read


def test_a_node_knows_the_place_of_each_of_its_parts() -> None:
    text = '(j)job "x" depth=(u8)1 { step }'
    value = Value(1, Span(17, 22), "u8")
    assert parse(text) == Document(
        2,
        (
            Node(
                "job",
                Span(3, 6),
                Span(0, 22),
                (Value("x", Span(7, 10)),),
                (Property("depth", Span(11, 16), value, Span(11, 22)),),
                (Node("step", Span(25, 29), Span(25, 29)),),
                has_children=True,
                annotation="j",
            ),
        ),
    )


def test_places_are_counted_in_code_points() -> None:
    [node] = parse('😀 "é" b').nodes
    assert [argument.span for argument in node.arguments] == [Span(2, 5), Span(6, 7)]


def test_an_empty_children_block_differs_from_none() -> None:
    assert [node.has_children for node in parse("a {}\nb\nc /-{}\n").nodes] == [True, False, False]


def test_a_property_written_twice_is_kept_twice() -> None:
    [node] = parse("a b=1 b=2").nodes
    assert [entry.value.scalar for entry in node.properties] == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", [("a", [], {}, [])]),
        ("", []),
        ("\n\n", []),
        ("\ufeffa", [("a", [], {}, [])]),
        ("a;b; c;", [("a", [], {}, []), ("b", [], {}, []), ("c", [], {}, [])]),
        ("a {b;c}", [("a", [], {}, [("b", [], {}, []), ("c", [], {}, [])])]),
        ("a{b}", [("a", [], {}, [("b", [], {}, [])])]),
        ('"two words" #"raw"#=1', [("two words", [], {"raw": 1}, [])]),
        ("a b = 1", [("a", [], {"b": 1}, [])]),
        ("a b=\\\n1", [("a", [], {"b": 1}, [])]),
        ("( t ) a ( u ) 1 b=( v ) 2", [(("t", "a"), [("u", 1)], {"b": ("v", 2)}, [])]),
        ('("")a', [("a", [], {}, [])]),
        ("a 1 b=2 3 c=4", [("a", [1, 3], {"b": 2, "c": 4}, [])]),
    ],
)
def test_nodes(text: str, expected: list[Any]) -> None:
    assert read(text, 2) == expected


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_unicode_newline_ends_a_node(newline: str) -> None:
    assert [node[0] for node in read(f"a{newline}b", 2)] == ["a", "b"]
    assert arguments(f'a """{newline}  x{newline}  y{newline}  """', 2) == ["x\ny"]


@pytest.mark.parametrize("space", "\t \u00a0\u1680\u2000\u2001\u2005\u200a\u202f\u205f\u3000")
def test_every_unicode_space_parts_arguments(space: str) -> None:
    assert arguments(f"a{space}b", 2) == ["b"]


@pytest.mark.parametrize(
    "word",
    [
        "-",
        "--x",
        "+",
        ".",
        "+.",
        "-.x",
        ".md",
        "a-b",
        "foo,bar",
        "<b>",
        "true_",
        "r",
        "é",
        "😀",
        "'x'",
        "_15",
        "a:",
    ],
)
def test_bare_words_are_strings(word: str) -> None:
    assert arguments(f"a {word}", 2) == [word]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("-10", -10),
        ("+1_000_", 1000),
        ("007", 7),
        ("1.5", 1.5),
        ("-1_0.2_5", -10.25),
        ("1e3", 1000.0),
        ("1.5E-1_0", 1.5e-10),
        ("0xDEAD_beef", 0xDEADBEEF),
        ("-0x1f", -31),
        ("0o17", 15),
        ("0b1_01_", 5),
        ("+0b1", 1),
        ("#inf", math.inf),
        ("#-inf", -math.inf),
        ("1e400", math.inf),
        ("#true", True),
        ("#false", False),
        ("#null", None),
        ("9" * 1000, int("9" * 1000)),
    ],
)
def test_numbers_and_keywords(written: str, value: object) -> None:
    [read_value] = arguments(f"a {written}", 2)
    assert read_value == value
    assert type(read_value) is type(value)


def test_not_a_number_is_read() -> None:
    [value] = arguments("a #nan", 2)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"\"\\\b\f\n\r\t\s"', '"\\\b\f\n\r\t '),
        (r'"\u{41}\u{1F600}\u{00000a}"', "A😀\n"),
        ('"a\\   b"', "ab"),
        ('"a\\\n\t  b"', "ab"),
        (r'"//no /*comment*/ {}"', "//no /*comment*/ {}"),
        (r'#"\n"#', r"\n"),
        ('##"a"#b"##', 'a"#b'),
        ('#""a"#', '"a'),
        ('#""#', ""),
        ('""', ""),
        ('"""\n"""', ""),
        ('"""\n  \t"""', ""),
        ('"""\n  a\n\n \t \n    b\n  """', "a\n\n\n  b"),
        ('"""\n"quoted" ""\n"""', '"quoted" ""'),
        ('"""\n\\"""\n"""', '"""'),
        ('"""\n  a \\\n b\n  c\n  \\  """', "a b\nc"),
        ('"""\n\\  a\n"""', "a"),
        ('"""\n\ta\\tb\n\t"""', "a\tb"),
        ('"""\r\na\r\nb\r\n"""', "a\nb"),
        ('"""\n\\r\\n\n"""', "\r\n"),
        ('#"""\n  a\\n\n  """#', r"a\n"),
        ('##"""\n"""#\n"""##', '"""#'),
    ],
)
def test_strings(written: str, value: str) -> None:
    assert arguments(f"a {written} end", 2) == [value, "end"]


@pytest.mark.parametrize(
    "text",
    [
        "a /* b */ 1",
        "a /* b /* c */ \n */ 1",
        "a /*/* */*/ 1",
        "a /***/1",
        "// x\na 1 // y",
        "a 1 //",
        "a \\\n  1",
        "a \\ // why\n  1",
        "a \\ /* why\n */ \n  1",
        "\\\na 1",
        "a 1 \\",
        "a /- 2 1",
        "a /-2 1",
        "a /-\n\n2 1",
        "a /- // why\n 2 1",
        "a /-b=(t)2 1",
        "a 1/-2",
        "a 1 /-{ b }",
        "a 1 /-\n{ b } /- { c; d { e } }",
        "/- b { c }\na 1",
        "/-\n\nb\na 1",
        "/- b /- 2 {\n}\na 1",
        "a 1 /--2",
        "a/- b 1",
    ],
)
def test_comments_and_continued_lines_mean_nothing(text: str) -> None:
    assert read(text, 2) == [("a", [1], {}, [])]


def test_a_children_block_may_stand_among_commented_ones() -> None:
    text = "a /-{ b } { c } /-{ d }"
    assert read(text, 2) == [("a", [], {}, [("c", [], {}, [])])]


def test_a_commented_block_may_hold_anything_that_is_kdl() -> None:
    assert read("a /-{ b { c /- d } }\ne", 2) == [("a", [], {}, []), ("e", [], {}, [])]
