"""Nothing a guest prints may move the cursor, hide a line or make the terminal answer."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from solstice.cli.run.ansi import LONGEST_LINE, LogLines, clean_words
from solstice.domain.masking import Masker

PIECES = st.sampled_from(
    [
        b"\x1b", b"[", b"]", b"m", b"31", b";", b"\x07", b"\x1b\\", b"\r", b"\n", b" ", b"a", b"\t", b"\x00",
        b"\x9b", b"\xc2\x9b", b"\xc2\x9d", b"\xc3", b"\xa9", b"\xe2\x80\xae", b"\xe2\x80\xa8",
        b"\xf0\x9f\x98\x80", b"P", b"?", b"2J", b"H", b"(", b"0", b"\x7f", b"\x0e",
        b">4;2m", b"8;;http://x", b"\xff", b"word",
    ]
)  # fmt: skip
HOSTILE = st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=40)
HARMLESS = re.compile(r"(?:[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\x1b\[[0-9;:]*m)*")


def clean(*chunks: bytes, colour: bool = True) -> str:
    lines = LogLines(colour)
    return "".join([*map(lines.feed, chunks), lines.flush()])


@settings(deadline=None)
@given(HOSTILE)
def test_only_newlines_and_colours_survive_whatever_is_printed(chunks: list[bytes]) -> None:
    assert HARMLESS.fullmatch(clean(*chunks))
    assert "\x1b" not in clean(*chunks, colour=False)


@settings(deadline=None)
@given(HOSTILE)
def test_where_the_chunks_are_cut_makes_no_difference(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert clean(*chunks) == clean(whole)
    assert clean(*(whole[i : i + 1] for i in range(len(whole)))) == clean(whole)


@settings(deadline=None)
@given(HOSTILE)
def test_every_coloured_line_ends_without_colour(chunks: list[bytes]) -> None:
    for line in clean(*chunks).split("\n"):
        assert "\x1b" not in line or line.endswith("\x1b[0m")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        pytest.param(b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\x1b[0m\n", id="colour stays"),
        pytest.param(
            b"\x1b[1;38:2::1:2:3mbold\n", "\x1b[1;38:2::1:2:3mbold\x1b[0m\n", id="true colour stays"
        ),
        pytest.param(b"\x1b[2J\x1b[1;1Hgone?\n", "gone?\n", id="cursor and erase"),
        pytest.param(b"\x1b[?1049hx\x1b[?25l\n", "x\n", id="alternate screen"),
        pytest.param(b"\x1b[>4;2mx\n", "x\n", id="keyboard mode that looks like colour"),
        pytest.param(
            b"\x1b]0;title\x07x\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\\n", "xlink\n", id="title, link"
        ),
        pytest.param(b"\x1b]52;c;unterminated\nnext\n", "�]52;c;unterminated\nnext\n", id="no end"),
        pytest.param(
            b"\x1bP1$r\x1b\\\x1b_x\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\ok\n", "����ok\n", id="device strings"
        ),
        pytest.param(b"\x1b(0\x1bc\x1b7ok\x1b\n", "�cok�\n", id="character set, reset, lone escape"),
        pytest.param(b"\xc2\x9b2Jok\xc2\x9d0;t\xc2\x9c\n", "�ok�\n", id="eight-bit controls in UTF-8"),
        pytest.param(b"a\x00\x08\x0e\x7fb\n", "a�b\n", id="control characters"),
        pytest.param("abc\u202edef\u2066\n".encode(), "abc�def�\n", id="turned writing direction"),
        pytest.param(b"a\tb\n", "a       b\n", id="tab"),
        pytest.param(b"windows\r\nlines\r\n", "windows\nlines\n", id="carriage return and line feed"),
        pytest.param(b" 1 %\r 50 %\r100 %\n", "100 %\n", id="progress bar"),
        pytest.param(b"100 %\r     \r\n", "100 %\n", id="progress bar wiped away at its end"),
        pytest.param(b"\xff\xfe caf\xc3\xa9\n", "\ufffd\ufffd café\n", id="not UTF-8"),
        pytest.param(b"\n\n", "\n\n", id="empty lines stay"),
        pytest.param(b"no end", "no end\n", id="unfinished line"),
        pytest.param(b"\x1b[31", "�[31\n", id="cut colour"),
    ],
)
def test_a_line_shows_as(printed: bytes, shown: str) -> None:
    assert clean(printed) == shown


def test_without_colour_the_guests_colours_go_too() -> None:
    assert clean(b"\x1b[31mred\x1b[0m\n", colour=False) == "red\n"


@settings(deadline=None)
@given(st.lists(st.one_of(st.just(b""), PIECES), min_size=6, max_size=6), st.booleans())
@example([b"\x00"] * 6, True)
@example([b"\x1b(B"] * 6, True)
@example([b"\x1b]0;t\x07", b"", b"\r", b"\x1b[31m", b"\x1b", b"\x1b[K"], False)
def test_no_secret_that_was_masked_is_put_together_again(between: list[bytes], colour: bool) -> None:
    masker = Masker(["hunter2"])
    printed = b"h%bu%bn%bt%be%br%b2" % tuple(between)
    masked = masker.feed(printed) + masker.flush()
    assert "hunter2" not in clean_words(clean(masked, colour=colour).replace("\n", "|"))


def test_a_character_cut_in_two_by_chunks_is_whole_again() -> None:
    assert clean(b"caf\xc3", b"\xa9\n") == "café\n"


@pytest.mark.parametrize("size", [1, 4_096, 65_536, 10_000_000])
def test_an_endless_line_is_cut_and_the_rest_counted(size: int) -> None:
    lines = LogLines(colour=True)
    total = 10_000_000 if size > 1 else 20_000
    for _ in range(total // size):
        assert lines.feed(b"x" * size) == ""
    left = total // size * size - LONGEST_LINE
    assert lines.feed(b"\nnext\n") == f"{'x' * LONGEST_LINE} … ({left} more bytes in the log file)\nnext\n"


def test_a_long_line_among_short_ones_is_cut_alike() -> None:
    long = b"y" * (LONGEST_LINE + 5)
    assert clean(b"a\n" + long + b"\nb\n") == f"a\n{'y' * LONGEST_LINE} … (5 more bytes in the log file)\nb\n"


def test_a_cut_does_not_leave_half_a_character() -> None:
    text = clean(b"x" * (LONGEST_LINE - 1) + "é".encode() + b"\n")
    assert text == "x" * (LONGEST_LINE - 1) + " … (1 more bytes in the log file)\n"


def test_a_progress_bar_that_runs_for_hours_keeps_only_its_last_state() -> None:
    lines = LogLines(colour=True)
    for i in range(20_000):
        lines.feed(b"\rdownloaded %d kB" % i)
    assert lines.flush() == "downloaded 19999 kB\n"


def test_a_bar_after_an_endless_line_is_not_called_cut() -> None:
    assert clean(b"x" * 20_000, b"\rdone", b"\n") == "done\n"


@pytest.mark.parametrize("unit", [b"\x1b[", b"\x1b]", b"\x1b[1;", b"\x9b0", b"\x1b", b"\xc2\x9d", b"\x1b[ "])
def test_no_input_takes_more_than_linear_time(unit: bytes) -> None:
    # 8 MB without a newline or a terminator: quadratic work would take minutes.
    lines = LogLines(colour=True)
    lines.feed(unit * (2_000_000 // len(unit)))
    lines.feed((unit * 4_000 + b"\n") * 20)
    assert "\x1b" not in lines.flush()


def test_words_of_ours_hold_no_colour_and_no_line_end() -> None:
    assert clean_words("unit\x1b[31m red\n[forged] line\ttab\r\nend\x07") == "unit red [forged] line tab end�"


@settings(deadline=None)
@given(st.text())
def test_words_are_always_one_harmless_line(text: str) -> None:
    assert HARMLESS.fullmatch(clean_words(text))
    assert not set(clean_words(text)) & {"\n", "\x1b"}
