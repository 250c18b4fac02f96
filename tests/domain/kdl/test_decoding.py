"""Bytes to text."""

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import decode


def test_utf_8_is_read_with_or_without_a_byte_order_mark() -> None:
    assert decode("é😀".encode()) == ("é😀", ())
    assert decode(b"\xef\xbb\xbfa") == ("a", ())


def test_bytes_that_are_not_utf_8_are_reported_where_they_stand() -> None:
    text, [first, second] = decode("é ".encode() + b"\xff\xfe x \xe2\x82")
    assert text == "é \ufffd\ufffd x \ufffd\ufffd"
    assert (first.span, second.span) == (Span(2, 4), Span(7, 9))
    assert first.code == "kdl-syntax"
    assert first.message == "the bytes FF FE are not UTF-8"
    assert first.hint == "save the file as UTF-8"


def test_an_encoded_surrogate_is_not_utf_8() -> None:
    text, [mistake] = decode(b"a\xed\xa0\x80")
    assert (text, mistake.span) == ("a\ufffd\ufffd\ufffd", Span(1, 4))


def test_utf_16_is_recognised() -> None:
    _, [mistake] = decode("\ufeffa".encode("utf-16-le"))
    assert "UTF-16" in mistake.hint
