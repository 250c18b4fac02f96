"""Which branches, tags and paths globs let through."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.domain.filters import BadGlob, any_passes, compile_glob, passes


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("main", ["main"], ["mainly", "Main", "a/main"]),
        ("release/*", ["release/1", "release/"], ["release/1/2", "release"]),
        ("release/**", ["release/1", "release/1/2"], ["release"]),
        ("**", ["", "a", "a/b"], []),
        ("*", ["", "a"], ["a/b"]),
        ("**/x.md", ["x.md", "a/x.md", "a/b/x.md"], ["ax.md"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
        ("**/a/**/b/*.c", ["a/b/x.c", "q/a/r/b/.c"], ["a/x.c"]),
        ("**/**/***/x", ["x", "a/x", "a/b/c/x"], ["ax"]),
        ("**.js", ["a.js", "a/b.js"], ["a.jsx"]),
        ("a**b", ["ab", "a/x/b"], ["a"]),
        ("v?.?", ["v1.2"], ["v1.", "v1/2", "v10.2"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "x"]),
        ("[!a]x", ["bx"], ["ax", "/x"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("a\\*b", ["a*b"], ["axb"]),
        ("ü/*", ["ü/é"], ["u/e"]),
    ],
)
def test_a_pattern_fits_the_whole_text(pattern: str, fits: list[str], does_not: list[str]) -> None:
    glob = compile_glob(pattern)
    assert [text for text in fits if not glob.matches(text)] == []
    assert [text for text in does_not if glob.matches(text)] == []


@pytest.mark.parametrize("pattern", ["", "[a", "a\\", "[z-a]", "[\u0000-\uffff]", "x" * 513])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(BadGlob):
        compile_glob(pattern)


@pytest.mark.parametrize(
    ("patterns", "text", "verdict"),
    [
        ([], "anything", True),
        (["main"], "main", True),
        (["main"], "x", False),
        (["src/**", "!src/docs/**"], "src/a", True),
        (["src/**", "!src/docs/**"], "src/docs/a", False),
        (["src/**", "!src/docs/**", "src/docs/api"], "src/docs/api", True),
        (["!docs/**"], "src/a", True),
        (["!docs/**"], "docs/a", False),
    ],
)
def test_the_last_pattern_that_matches_wins(patterns: list[str], text: str, verdict: bool) -> None:
    assert passes(patterns, text) is verdict


def test_one_text_that_passes_is_enough() -> None:
    assert any_passes(["src/**", "!src/docs/**"], ["src/docs/a", "src/b"])
    assert not any_passes(["src/**"], ["README.md"])


def test_no_pattern_is_slow_on_any_text() -> None:
    began = time.process_time()
    assert not compile_glob("*a" * 128 + "**b" * 60).matches("a" * 4096)
    assert time.process_time() - began < 1


WORDS = (
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "?"]), max_size=8).map("".join).filter(bool)
)


def as_regex(pattern: str) -> str:
    """The same meaning, written the slow way."""
    tokens = re.findall(r"\*+/?|\?|.", pattern)
    written, before = "", "/"
    for token in tokens:
        stars = token.rstrip("/")
        if token.startswith("**") and token.endswith("/") and before.endswith("/"):
            written += "(?:.*/)?"
        elif token.startswith("*"):
            written += (".*" if len(stars) > 1 else "[^/]*") + ("/" if token.endswith("/") else "")
        else:
            written += "[^/]" if token == "?" else re.escape(token)
        before = token
    return written


@given(WORDS, st.text("ab/", max_size=8))
def test_a_glob_means_what_its_regular_expression_means(pattern: str, text: str) -> None:
    assert compile_glob(pattern).matches(text) is bool(re.fullmatch(as_regex(pattern), text))
