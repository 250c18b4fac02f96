"""What is said about a text that is not KDL: each mistake once, at its place, with a way out."""

import pytest

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import parse
from tests.domain.kdl.reading import meaning, places, written

ONE_MISTAKE = [
    # text, line, column, what is pointed at, words of the message or hint
    ("a true #null", 1, 3, "true", "write `#true`"),
    ("a -inf #null", 1, 3, "-inf", "write `#-inf`"),
    ("a #True", 1, 3, "#True", "did you mean `#true`?"),
    ("a true=1 #null", 1, 3, "true", 'put quotes around it: `"true"`'),
    ("true 1 #null", 1, 1, "true", 'put quotes around it: `"true"`'),
    ("(true)a #null", 1, 2, "true", 'put quotes around it: `"true"`'),
    ("12 1", 1, 1, "12", "put quotes around it"),
    ("a 1=2", 1, 3, "1", "a property's name cannot be a number"),
    ("a b=", 1, 4, "=", "this `=` has no value: after it comes the end of the text"),
    ("a b=\nc", 1, 4, "=", "this `=` has no value: after it comes the end of the line"),
    ("a b=;c", 1, 4, "=", "this `=` has no value: after it comes `;`"),
    ("a b==c d", 1, 4, "=", "write one `=`"),
    ("a b=/-c", 1, 4, "=", "put the `/-` before its name"),
    ("a b=[1]", 1, 4, "=", "KDL has no lists"),
    ("a 1 =2", 1, 3, "1", "a property's name cannot be a number"),
    ("a b=1 =2", 1, 7, "=", "this `=` has no name before it"),
    ('runs_on = "x" y', 1, 9, "=", "write a space instead: `runs_on …`"),
    ('runs_on="x"', 1, 8, "=", "write a space instead: `runs_on …`"),
    ('"name": "x" y', 1, 7, ":", "without a colon"),
    ('a "b", "c" d', 1, 6, ",", "spaces between values, not commas"),
    ('a "b"c', 1, 6, "c", "put a space before it"),
    ('a "b""c" d', 1, 6, '"c"', "put a space before it"),
    ("a(b)c", 1, 2, "(", "put a space before it"),
    ("a [1, 2]", 1, 3, "[", "KDL has no lists"),
    ("a b/c d", 1, 4, "/", "put quotes around a text with a slash"),
    ("a b\\c d", 1, 4, "\\", "must be its last character"),
    ("a */ b", 1, 4, "/", "no comment is open here"),
    ("# it's {a} \"comment\nb", 1, 1, "# it's {a} \"comment", "a comment begins with `//`"),
    ("a # {b\nc", 1, 3, "# {b", "a comment begins with `//`"),
    ("a #!x b", 1, 3, "#!x", "a comment begins with `//`"),
    ("a )", 1, 3, ")", "this `)` closes nothing"),
    ("a ()1", 1, 3, "(", "this annotation is empty"),
    ("a (b c)1", 1, 3, "(", "`c` cannot stand in an annotation"),
    ("a (b\nc", 1, 3, "(", "this `(` is never closed"),
    ("(b", 1, 1, "(", "this `(` is never closed"),
    ("a (b)\nc", 1, 6, "\n", "after this annotation comes the end of the line"),
    ("a (b)/-c d", 1, 6, "/-", "put the `/-` before the `(`"),
    ("(b)/-c d", 1, 4, "/-", "after this annotation a node should begin"),
    ("a (b)c=1", 1, 3, "(b)", "write `c=(…)value`"),
    ("a /-", 1, 5, "", "write `//` to comment out the rest of the line"),
    ("a /-;b", 1, 5, ";", "after `/-` comes `;`"),
    ("a { b /-\n}", 2, 1, "}", "after `/-` comes `}`"),
    ("a /- /- b", 1, 6, "/-", "write it once"),
    ("/- /- b\nc", 1, 4, "/-", "write it once"),
    ("{ a; b }", 1, 1, "{", "write a name before the `{`"),
    ("a {\n  b {\n  }\n", 1, 3, "{", "this `{` is never closed"),
    ("a {\n  b {\n    c\n}\nd {\n}\n", 2, 5, "{", "this `{` is never closed"),
    ("a { b { c {", 1, 11, "{", "nor are 2 around it"),
    ("a\n}\nb", 2, 1, "}", "this `}` closes nothing"),
    ("a {b}c 1", 1, 6, "c", "a new node goes on a new line"),
    ("a {b} {c}", 1, 7, "{", "put these nodes into the first block"),
    ("a /-{b} c {d}", 1, 9, "c", "a new node goes on a new line"),
    ("a 0x", 1, 3, "0x", "`0x` and hexadecimal digits"),
    ("a 0b12", 1, 3, "0b12", "`0b` and binary digits"),
    ("a 0o_1", 1, 3, "0o_1", "the first one no `_`"),
    ("a 0XFF", 1, 3, "0XFF", "write `0x` in lower case"),
    ("a 1.", 1, 3, "1.", "write a `0` after the point"),
    ("a 1.e5", 1, 3, "1.e5", "write a `0` after the point"),
    ("a 1.0.0", 1, 3, "1.0.0", "put quotes around it"),
    ("a 10px", 1, 3, "10px", 'put quotes around it: `"10px"`'),
    ("a -.5", 1, 3, "-.5", "write `-0.5`"),
    (r'a "\d" b', 1, 4, r"\d", r"for a backslash write `\\`"),
    (r'a "\u0041" b', 1, 4, r"\u", r"in braces: `\u{1F600}`"),
    (r'a "\u{D800}" b', 1, 4, r"\u{D800}", "no surrogate"),
    (r'a "\u{1_0}" b', 1, 4, r"\u{1_0}", "1 to 6 hexadecimal digits"),
    ('a "x\nb c', 1, 3, '"', 'put a `"` where the string ends'),
    ('a "x\nb "y" c', 1, 3, '"', 'put a `"` where the string ends'),
    ('a x"b\nc d', 1, 4, '"', 'put a `"` where the string ends'),
    ('a #"x\nb c', 1, 3, '#"', 'end it with `"#`'),
    ('a "x\n  y\nz" #null', 1, 3, '"', 'put a text of many lines between `"""` and `"""`'),
    ('a #"\nx\n"#\nb', 1, 3, '#"', 'put a text of many lines between `"""` and `"""`'),
    ('a """x""" b', 1, 3, '"""', 'write a single `"` at each end'),
    ('a """x\n  y\n  """ b', 1, 3, '"""', "after the opening"),
    ('a """x\nb c', 1, 3, '"""', "after the opening"),
    ('a #"""#\nb', 1, 3, '#"""', "after the opening"),
    ('a {\n b """\nx\n}\n', 2, 4, '"""', "on a line of its own"),
    ('a """\n  x\n y\n z\n  """ b', 3, 1, " ", "not indented like the closing"),
    ('a """\n  x\n\ty\n  """ b', 3, 1, "\t", "the same spaces and tabs"),
    ('a """\n  x\\\n  """ b', 3, 3, '"""', 'put the `"""` on a line of its own'),
    ('a """\n\\q\n""" b', 2, 1, r"\q", "is no escape of KDL 2"),
    ("a { b /* c /* */\n}", 1, 7, "/*", "comments nest"),
    ("a \x01\x02b #null", 1, 3, "\x01\x02", "invisible character U+0001"),
    ("a // \u202e #null\nb #null", 1, 6, "\u202e", "invisible character U+202E"),
    ("a \ufeffb #null", 1, 3, "\ufeff", "invisible character U+FEFF"),
    ("a '\ud800' #null", 1, 4, "\ud800", "half of a surrogate pair"),
    ("step run='echo \"it; works\"' b", 1, 10, "'echo", "KDL knows no single quotes"),
    ("a '(b)' 'c=d e' x", 1, 3, "'", "KDL knows no single quotes"),
]


@pytest.mark.parametrize(("text", "line", "column", "pointed_at", "words"), ONE_MISTAKE)
def test_one_mistake_is_reported_once(text: str, line: int, column: int, pointed_at: str, words: str) -> None:
    document = parse(text)
    assert document.version == 2
    assert places(text, document) == [(line, column, pointed_at)]
    [mistake] = document.mistakes
    assert mistake.code == "kdl-syntax"
    assert words in f"{mistake.message} | {mistake.expected} | {mistake.hint}"


@pytest.mark.parametrize(
    ("text", "line", "column", "pointed_at", "words"),
    [
        ("a true\nb c", 2, 3, "c", 'put quotes around it: `"c"`'),
        ("a true\nb 'c'", 2, 3, "'c'", "KDL knows no single quotes"),
        ("a true\nb c = 1", 2, 5, "=", "write it without spaces"),
        ("a true\nb (c) 1", 2, 3, "(", "no white space"),
        ("a true\nb <c> 1", 2, 3, "<", "put quotes around a text with a `<` in it"),
        ('a r"x"\nb #"c"# 1', 2, 3, "#", 'a raw string is written `r#"…"#` in KDL 1'),
        ('a r"x"\nb #true', 2, 3, "#true", "write `true`"),
        ('a true\nb "c\nd "e"\nf', 2, 3, '"', 'put a `"` where the string ends'),
        ('a true\nb r#"c"\nd', 2, 3, 'r#"', 'end it with `"#`'),
        ('a true\nb "c\\d"\nd', 2, 5, "\\d", 'use a raw string: `r"…"`'),
        ("a true\n\\\nb", 2, 1, "\\", "this `\\` continues no node"),
    ],
)
def test_a_text_of_version_1_is_told_about_version_1(
    text: str, line: int, column: int, pointed_at: str, words: str
) -> None:
    text = f"{text}\nlast true false null"
    document = parse(text)
    assert document.version == 1
    assert places(text, document) == [(line, column, pointed_at)]
    [mistake] = document.mistakes
    assert words in f"{mistake.message} | {mistake.expected} | {mistake.hint}"


def test_every_mistake_of_a_file_is_reported_in_order() -> None:
    text = """\
workflow name="checks" {
    job id="linux" runs_on= {
        step name="lint" run="ruff check .
        step name=true run="pytest -q"
        step [1]
    }
    job id="mac" }
}
env #True
"""
    document = parse(text)
    assert places(text, document) == [
        (2, 27, "="),
        (3, 30, '"'),
        (4, 19, "true"),
        (5, 14, "["),
        (8, 1, "}"),
        (9, 5, "#True"),
    ]
    [workflow, _] = document.nodes
    assert [len(job.children) for job in workflow.children] == [3, 0]


def test_what_could_be_read_is_kept() -> None:
    assert meaning(parse("a b=true c= 12px ]\nd { e").nodes) == [
        ("a", [], {"b": True, "c": "12px"}, []),
        ("d", [], {}, [("e", [], {}, [])]),
    ]


def test_a_hundred_mistakes_are_shown_and_then_it_is_said_that_there_are_more() -> None:
    text = "a [\n" * 102
    mistakes = parse(text).mistakes
    assert [mistake.span for mistake in mistakes] == [Span(4 * line + 2, 4 * line + 3) for line in range(101)]
    assert mistakes[-1].message == "there are more mistakes; only the first 100 are shown"
    assert len(parse("a [\n" * 100).mistakes) == 100


def test_a_node_nested_too_deeply_is_reported_once_and_left_out() -> None:
    text = "a {b {c {d;e;f {g}}}}\nh #True"
    document = parse(text, deepest=3)
    assert [(mistake.code, written(text, mistake)) for mistake in document.mistakes] == [
        ("limit-nesting", "d"),
        ("kdl-syntax", "#True"),
    ]
    assert meaning(document.nodes) == [
        ("a", [], {}, [("b", [], {}, [("c", [], {}, [])])]),
        ("h", [], {}, []),
    ]


def test_32_levels_are_allowed() -> None:
    assert parse("a {" * 31 + "b" + "}" * 31).mistakes == ()
    [mistake] = parse("a {" * 32 + "b" + "}" * 32).mistakes
    assert (mistake.code, mistake.span) == ("limit-nesting", Span(96, 97))


@pytest.mark.parametrize("number", ["9" * 1001, "0x" + "f" * 5000, "1." + "0" * 5000, "-" + "1_" * 3000])
def test_a_number_too_long_for_python_is_reported(number: str) -> None:
    [mistake] = parse(f"a {number} b").mistakes
    assert (mistake.code, mistake.span) == ("limit-digits", Span(2, 2 + len(number)))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("/- kdl-version 1\na [", 1),
        ("\ufeff/-  kdl-version\t1 \na [", 1),
        ("/- kdl-version 2\na [ true", 2),
        ("a [", 2),
        ("a true\nb [", 1),
        ("a #true\nb false\nc true", 2),
        ('a r"x"\nb #["', 1),
        ("a true\nb c", 2),
    ],
)
def test_a_text_that_is_neither_version_is_reported_as_what_it_seems_to_be(text: str, version: int) -> None:
    document = parse(text)
    assert document.version == version
    assert document.mistakes
