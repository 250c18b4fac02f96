"""A misspelt word is answered with the word that was meant, or not at all."""

import time

import pytest

from solstice.domain.suggestion import did_you_mean

KNOWN = ("runs_on", "needs", "matrix", "startsWith")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("run_on", "did you mean `runs_on`?"),
        ("runs-on", "did you mean `runs_on`?"),
        ("RUNS_ON", "did you mean `runs_on`?"),
        ("matricks", "did you mean `matrix`?"),
        ("startwith", "did you mean `startsWith`?"),
        ("xylophone", ""),
        ("", ""),
        ("n" * 65, ""),
    ],
)
def test_the_closest_known_word_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, KNOWN) == hint


def test_many_and_long_words_cost_little() -> None:
    started = time.process_time()
    known = [f"{number}{'x' * 50}" for number in range(100_000)]
    did_you_mean("y" + "x" * 60, known)
    did_you_mean("x" * 10_000_000, ["x" * 10_000_000])
    assert time.process_time() - started < 2
