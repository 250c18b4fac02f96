"""The one place that guesses which known word a misspelt one was meant to be."""

from collections.abc import Iterable

_LONGEST_WORD = 64
_MOST_WORDS = 1000


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as ``did you mean `runs_on`?``, or "" when nothing known is close to ``word``.

    Long words and long lists are not compared: the cost of guessing must not depend on the author.
    """
    if not 0 < len(word) <= _LONGEST_WORD:
        return ""
    # Here, because most workflows have no mistake and then need not wait for it.
    from difflib import get_close_matches

    candidates: dict[str, str] = {}
    for candidate in known:
        if len(candidates) == _MOST_WORDS:
            break
        if len(candidate) <= _LONGEST_WORD:
            candidates.setdefault(_plain(candidate), candidate)
    closest = get_close_matches(_plain(word), candidates, n=1, cutoff=0.6)
    return f"did you mean `{candidates[closest[0]]}`?" if closest else ""


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_")
