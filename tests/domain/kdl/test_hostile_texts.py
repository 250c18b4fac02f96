"""Texts made to hurt: they are read in work that grows with their length, and without recursion."""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from solstice.domain.kdl import parse
from solstice.domain.kdl.dialect import kdl_1, kdl_2

PIECES = {
    "open braces": "{",
    "nested nodes": "a{",
    "closing braces": "}",
    "quotes": '"',
    "quotes on lines": '"\n',
    "triple quotes": '"""',
    "triple quotes that go on": 'a """x\n b ',
    "comments in comments": "/*",
    "closed comments": "/**/",
    "continued lines before comments": "\\ /**/ ",
    "backslashes": "\\",
    "continued lines": "\\\n",
    "bad escapes": '"\\q\n',
    "code points without an end": "\\u{",
    "backslashes and quotes": '"\n\\"\n',
    "hashes": "#",
    "raw quotes": '#"',
    "raw quotes on lines": '#"\n',
    "raw quotes of version 1": 'r#"\n',
    "slashdashes": "/-",
    "parentheses": "(",
    "annotations": "(a)",
    "equals": "a=",
    "digits": "9",
    "underscores": "1_",
    "words": "a ",
    "single quotes": "'a ",
    "spaces": " ",
    "newlines": "\r",
    "semicolons": ";",
    "control characters": "\x01 ",
    "surrogates": "\ud800 ",
    "keywords": "true ",
    "nodes": 'a "b" c=1 { d }\n',
}
OPENINGS = {
    "": "",
    "a quote, then ": 'a "',
    "a block, then ": 'a """\n',
    "a commented node, then ": "/-",
    "a comment, then ": "//",
}


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Counts Python and C calls: a measure of work that no other load on the machine changes."""
    calls = [0]

    def count(_frame: FrameType, event: str, _what: object) -> None:
        if event in ("call", "c_call"):
            calls[0] += 1

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(previous)


def work(text: str) -> int:
    """How many calls it takes to read a text, the patterns of both versions being there."""
    kdl_1(), kdl_2()
    with counted_calls() as calls:
        parse(text)
    return calls[0]


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_four_times_the_text_takes_at_most_about_four_times_the_calls(piece: str, opening: str) -> None:
    short, long = (opening + piece * count for count in (50, 200))
    assert work(long) < 5 * work(short) + 1000


def seconds(text: str) -> float:
    """Processor time of the best of five readings: what else the machine does is not counted."""
    gc.collect()
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        parse(text)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    # What spends its time inside one call of the standard library, so that counting calls shows nothing.
    ["/*", "#", '"""x\n', '"x\n // "\n'],
)
def test_four_times_the_text_takes_less_than_eight_times_as_long(piece: str) -> None:
    short, long = (piece * (size // len(piece)) for size in (10_000, 40_000))
    assert seconds(long) < 8 * seconds(short) + 0.05


@pytest.mark.slow
def test_raw_strings_with_ever_more_hashes_are_read_in_one_pass() -> None:
    def text(count: int) -> str:
        return "\n".join(f'a {"#" * number}"""' for number in range(1, count))

    assert seconds(text(600)) < 8 * seconds(text(300)) + 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        pytest.param("a{" * 20_000, 2, id="deep nesting without an end"),
        pytest.param("a{" * 50_000 + "}" * 50_000, 1, id="deep nesting"),
        pytest.param("a{" * 10_000 + "\n}" * 10_000, 1, id="deep nesting closed on lines"),
        pytest.param("/*" * 10_000, 1, id="20 KB of comments in comments"),
        pytest.param("/*" * 50_000 + "*/" * 50_000, 0, id="comments in comments"),
        pytest.param('a "' + "x" * 1_000_000, 1, id="a quote without an end"),
        pytest.param('a "' + "x" * 1_000_000 + '"', 0, id="a string of a million characters"),
        pytest.param('a "' + "\\n" * 20_000 + '"', 0, id="a string of escapes"),
        pytest.param('a """' + "\n x" * 20_000 + '\n """', 0, id="a block of many lines"),
        pytest.param('a """\n' + "\\ " * 20_000 + '\n"""', 0, id="a block of escaped spaces"),
        pytest.param("a" * 1_000_000, 0, id="a word of a million characters"),
        pytest.param("a " + "1" * 1_000_000, 1, id="a number of a million digits"),
        pytest.param("a 0x" + "f" * 1_000_000, 1, id="a hexadecimal number of a million digits"),
        pytest.param("a 1e" + "9" * 500, 0, id="a huge exponent"),
        pytest.param("//" + "x" * 1_000_000, 0, id="a comment of a million characters"),
        pytest.param("/-" * 10_000 + "a", 1, id="slashdashes"),
        pytest.param("(" * 10_000, 1, id="parentheses"),
        pytest.param("}" * 50_000, 101, id="closing braces"),
        pytest.param("\x00" * 50_000, 1, id="a binary file"),
    ],
)
def test_a_large_text_is_read(text: str, mistakes: int) -> None:
    document = parse(text)
    assert len(document.mistakes) == mistakes
    assert hash(document) is not None
    assert repr(document)
