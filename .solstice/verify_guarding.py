"""Checks of what stands between a job and everybody else: masking, the handshake, expressions."""

import base64
import doctest
import importlib
from random import Random

from solstice.domain.expression import is_true, parse_expression
from solstice.domain.masking import Masker
from solstice.wire.handshake import LineReader, Prepare, go_line, prepare_line, ready_line

SECRET = b"correct horse battery staple"


def check_a_secret_cut_anywhere_never_gets_through() -> None:
    encoded = base64.b64encode(SECRET)
    text = b"before " + SECRET + b" and " + encoded + b" after"
    for cut in range(len(text) + 1):
        masker = Masker([SECRET])
        shown = masker.feed(text[:cut]) + masker.feed(text[cut:]) + masker.flush()
        assert shown.startswith(b"before *** and ***"), (cut, shown)
        # The last letters depend on what follows a secret in its encoded text, so they may remain.
        assert not any(piece in shown for piece in (SECRET[:8], SECRET[-8:], encoded[:8], encoded[-12:-4])), (
            shown
        )


def check_what_is_no_secret_gets_through_unchanged() -> None:
    random = Random(3)
    masker, put, got = Masker([SECRET]), b"", b""
    for _ in range(60):
        chunk = random.randbytes(random.randrange(200))
        put += chunk
        got += masker.feed(chunk)
    assert got + masker.flush() == put


def check_the_handshake_is_found_in_any_chunks_and_any_noise() -> None:
    random = Random(5)
    prepare = Prepare(time=1.5, entropy=b"e" * 32, hostname="guest", machine_id="0" * 32, token="t" * 43)
    for _ in range(40):
        stream = random.randbytes(random.randrange(300)) + prepare_line("n1", prepare) + ready_line("n1")
        reader, lines = LineReader(), []
        while stream:
            size = random.randrange(1, 40)
            lines += reader.feed(stream[:size])
            stream = stream[size:]
        assert [line.word for line in lines] == ["PREPARE", "READY"], lines
        assert lines[0].prepare() == prepare


def check_nothing_after_go_is_eaten() -> None:
    reader = LineReader()
    assert [line.word for line in reader.feed(b"x" * 100 + go_line("n") + b"PRI * HTTP/2.0")] == ["GO"]
    assert reader.rest() == b"PRI * HTTP/2.0"


def check_a_broken_expression_is_a_mistake_with_a_place() -> None:
    for text in ("a ==", "((event)", "'open", "startsWith(event", "event ref", "&& true", "1 ! 2"):
        parsed = parse_expression(text)
        assert parsed.mistakes, text
        assert all(0 <= mistake.span.start <= mistake.span.end <= len(text) for mistake in parsed.mistakes)


def check_truth_is_what_the_language_says() -> None:
    assert [is_true(value) for value in (None, False, 0, "", "0", 1, "false")] == [False] * 4 + [True] * 3


def check_the_examples_in_docstrings() -> None:
    for name in ("solstice.wire.handshake", "solstice.agent.outputs"):
        result = doctest.testmod(importlib.import_module(name))
        assert result.attempted, f"{name} has no examples any more"
        assert not result.failed, f"{result.failed} examples of {name} are wrong"
