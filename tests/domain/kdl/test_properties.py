"""What holds for every text."""

import sys
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import Document, Node, decode, parse
from tests.domain.kdl.documents import documents
from tests.domain.kdl.reading import meaning

WORDS = 'a b1 0x 1_0 1.5e3 true #true #null nan /- /* */ // =1 \'x #" "# r" r#" \\u{41} \\q'
RARE = ['"""', '"""\n', "\u2028", "\x0b", "\ufeff", "\u202e", "\ud800", "/- kdl-version 1\n"]
PIECES = st.sampled_from([*"{}()=;#\"\\/\n\r \t-+.,[]'", *WORDS.split(" "), *RARE])
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=40)


def spans(nodes: tuple[Node, ...]) -> Iterator[Span]:
    """Every span of a tree, depth first."""
    for node in nodes:
        yield from (node.span, node.name_span)
        for argument in node.arguments:
            yield argument.span
        for entry in node.properties:
            yield from (entry.span, entry.name_span, entry.value.span)
        yield from spans(node.children)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_any_text_becomes_a_document_whose_places_lie_in_it(text: str) -> None:
    document = parse(text)
    assert isinstance(document, Document)
    places = [*spans(document.nodes), *(mistake.span for mistake in document.mistakes)]
    assert all(0 <= place.start <= place.end <= len(text) for place in places)
    assert all(mistake.message and mistake.code for mistake in document.mistakes)
    assert all(
        (mistake.message + mistake.expected + mistake.hint).isprintable() for mistake in document.mistakes
    )
    assert list(document.mistakes) == sorted(document.mistakes, key=lambda mistake: mistake.span.start)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_become_a_text_with_a_mistake_for_what_was_replaced(data: bytes) -> None:
    text, mistakes = decode(data)
    replaced = [place for mistake in mistakes for place in range(mistake.span.start, mistake.span.end)]
    assert all(text[place] == "\ufffd" for place in replaced)
    if not mistakes:
        assert text.encode() == data.removeprefix(b"\xef\xbb\xbf")
    parse(text)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_generated_document_means_what_it_was_made_of(document: tuple[list[Any], str]) -> None:
    expected, text = document
    read = parse(text)
    assert read.mistakes == ()
    assert meaning(read.nodes) == expected


@settings(max_examples=40, deadline=None)
@given(documents(), st.data())
def test_a_document_with_one_character_too_many_or_too_few_is_still_read(
    document: tuple[list[Any], str], data: st.DataObject
) -> None:
    _, text = document
    place = data.draw(st.integers(0, len(text)))
    parse(text[:place] + text[place + 1 :])
    parse(text[:place] + data.draw(PIECES) + text[place:])


def test_no_text_comes_near_the_limit_of_recursion() -> None:
    limit = sys.getrecursionlimit()
    depth = len(list(_frames()))
    sys.setrecursionlimit(depth + 60)
    try:
        parse("a{" * 1000)
        parse("/*" * 1000 + "(" * 1000)
    finally:
        sys.setrecursionlimit(limit)


def _frames() -> Iterator[object]:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]
