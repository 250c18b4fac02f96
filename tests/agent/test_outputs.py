"""The outputs file: what may stand in it, and what is a mistake."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.agent.outputs import MAX_FILE_BYTES, OutputMistake, parse_outputs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a=1\n\nb=x=y<<z\na=2", {"a": "2", "b": "x=y<<z"}),
        ("a=1\r\nb<<END\r\nline\r\nEND\r\n", {"a": "1", "b": "line\r"}),
        ("a<<E\nE\n", {"a": ""}),
        ("a<<E\nb=1\n\nE", {"a": "b=1\n"}),
    ],
)
def test_names_have_values_of_one_line_or_many(text: str, found: dict[str, str]) -> None:
    assert parse_outputs(text.encode()) == found


@pytest.mark.parametrize(
    "text", ["word", "=x", "two words=x", "a<<\nE", "a<<E\nunfinished", "é=x", "a" * 200 + "=x"]
)
def test_a_malformed_line_is_named(text: str) -> None:
    with pytest.raises(OutputMistake, match="line 1 of the outputs file"):
        parse_outputs(text.encode())


def test_a_file_that_is_too_large_or_no_text_is_refused() -> None:
    with pytest.raises(OutputMistake, match="larger than"):
        parse_outputs(b"a=" + b"x" * MAX_FILE_BYTES)
    with pytest.raises(OutputMistake, match="not UTF-8 at byte 2"):
        parse_outputs(b"a=\xff")


@given(st.binary(max_size=200))
def test_any_bytes_are_outputs_or_a_mistake(data: bytes) -> None:
    with contextlib.suppress(OutputMistake):
        assert all(name for name in parse_outputs(data))
