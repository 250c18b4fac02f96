"""No spelling of a secret leaves the masker, however the stream is cut; everything else does."""

import base64
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solstice.domain.masking import Masker

SECRET = "Tr0ub4dor&3 'x'/\"y\"+ü~\\z"
PEM = "-----BEGIN THING-----\nMIIEowIBAAKCAQEAv3\nq9Lk2mZ8pXwT5rYb7n==\n-----END THING-----\n"


def mask(secrets: list[str | bytes], *chunks: bytes) -> bytes:
    masker = Masker(secrets)
    return b"".join([*map(masker.feed, chunks), masker.flush()])


def spell_in_base64(secret: str) -> list[bytes]:
    """What ``secret`` alone decides of its base64, found by looking at what its neighbours change."""
    cores = []
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            low = encode(b"\x00" * lead + secret.encode() + b"\x00" * 3).decode()
            high = encode(b"\xff" * lead + secret.encode() + b"\xff" * 3).decode()
            same = "".join(a if a == b else "\n" for a, b in zip(low, high, strict=True))
            cores.append(max(same.split("\n"), key=len).encode())
    return cores


def spellings(secret: str) -> dict[str, bytes]:
    raw = secret.encode()
    cores = spell_in_base64(secret)
    return {
        "plain": raw,
        **{f"base64 {number}": core for number, core in enumerate(cores)},
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "quote": quote(secret).encode(),
        "quote everything": quote(secret, safe="").encode(),
        "quote_plus": quote_plus(secret).encode(),
        "quote lower": re.sub("%..", lambda m: m[0].lower(), quote(secret)).encode(),
        "json": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "json ascii": json.dumps(secret)[1:-1].encode(),
        "json ASCII": re.sub(r"(?<=\\u)....", lambda m: m[0].upper(), json.dumps(secret)[1:-1]).encode(),
        "shlex": shlex.quote(secret + " ")[1:-2].encode(),
        "shell": secret.replace("'", "'\\''").encode(),
    }


@pytest.mark.parametrize(
    "secret", [SECRET, "hunter2", "p4ß", "??>>~~"], ids=["every sign", "word", "short", "urlsafe"]
)
@pytest.mark.parametrize("name", list(spellings("x")))
def test_every_spelling_is_masked_at_every_split(secret: str, name: str) -> None:
    spelt = spellings(secret)[name]
    before, after = b"< [", b"] >\n"
    data = before + spelt + after
    for cut in range(len(data) + 1):
        assert mask([secret], data[:cut], data[cut:]) == before + b"***" + after
    assert mask([secret], *(data[i : i + 1] for i in range(len(data)))) == before + b"***" + after


@pytest.mark.parametrize("lead", range(3))
def test_base64_of_a_longer_text_hides_the_part_that_is_secret(lead: int) -> None:
    whole = base64.b64encode(b"u:x:"[:lead] + SECRET.encode() + b"\n")
    masked = mask([SECRET], whole)
    assert b"***" in masked
    assert len(masked) <= len(b"***") + 8


@pytest.mark.parametrize("width", [64, 76])
def test_base64_that_a_tool_wrapped_is_masked_line_by_line(width: int) -> None:
    secret = "".join(chr(33 + n % 90) for n in range(150))
    whole = base64.b64encode(secret.encode())
    lines = b"\n".join(whole[i : i + width] for i in range(0, len(whole), width))
    assert set(mask([secret], lines)) <= set(b"*\n=")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_secret_of_many_lines_is_masked_whole_and_line_by_line(newline: str) -> None:
    text = PEM.strip().replace("\n", newline).encode()
    assert mask([PEM], b"a\n" + text + b"\nb\n") == b"a\n***\nb\n"
    for line in PEM.splitlines():
        assert mask([PEM], b"> " + line.encode() + b" <\n") == b"> *** <\n"


def test_short_lines_of_a_secret_are_not_masked() -> None:
    assert mask(['{\n"key": "longvalue"\n}'], b"{ a }\n") == b"{ a }\n"


def test_escape_sequences_inside_a_secret_do_not_save_it_and_are_kept() -> None:
    data = b"say \x1b[31mhun\x1b[0m\x1b[1;4mte\x1b(Br2\x1b[0m!\n"
    expected = b"say \x1b[31m***\x1b[0m\x1b[1;4m\x1b(B\x1b[0m!\n"
    for cut in range(len(data) + 1):
        assert mask(["hunter2"], data[:cut], data[cut:]) == expected
    assert mask(["hunter2"], *(data[i : i + 1] for i in range(len(data)))) == expected


def test_a_secret_inside_an_escape_sequence_is_masked_too() -> None:
    assert mask(["hunter2"], b"\x1b]0;hunter2\x07") == b"\x1b]0;***\x07"


def test_a_flood_of_escape_sequences_is_not_held_for_ever() -> None:
    masker = Masker(["hunter2"])
    passed = len(masker.feed(b"hun"))
    for _ in range(1000):
        passed += len(masker.feed(b"\x1b[0m" * 8))
    assert passed > 20_000
    assert masker.feed(b" hunter2 ") == b" *** "


def test_overlapping_secrets_are_covered_together() -> None:
    assert mask(["abcd", "cdef"], b"xabcdefx") == b"x***x"
    assert mask(["abcd", "cdef"], b"xabcd", b"efx") == b"x***x"
    assert mask(["abc", "abcdef"], b"abc", b"def abc", b" ") == b"*** *** "


def test_a_flood_of_overlaps_passes_as_one_mask() -> None:
    masker = Masker(["aaaa"])
    out = b"".join(masker.feed(b"a" * 100) for _ in range(100)) + masker.flush()
    assert out == b"***"


def test_a_line_that_cannot_become_a_secret_is_not_delayed() -> None:
    masker = Masker(["hunter2"])
    assert masker.feed(b"hello\n") == b"hello\n"
    assert masker.feed(b"a shun") == b"a s"
    assert masker.feed(b"t\n") == b"hunt\n"


def test_without_secrets_the_stream_passes_as_it_is() -> None:
    chunk = b"anything\x1b[0m"
    masker = Masker([])
    assert masker.feed(chunk) is chunk
    assert masker.flush() == b""
    assert masker.warning == ""


def test_secrets_too_short_to_mask_are_counted_and_explained() -> None:
    masker = Masker(["", " a ", b"xy\n", "long enough"])
    assert masker.weak == 3
    assert masker.warning == "3 secrets are shorter than 3 bytes and cannot be masked in this log"
    assert masker.feed(b"a xy\n") == b"a xy\n"


def test_a_secret_that_is_no_text_is_masked() -> None:
    secret = b"\xff\x00\xfe\x01"
    assert mask([secret], b"< " + secret + b" " + secret.hex().encode() + b" >") == b"< *** *** >"


def test_a_trailing_line_end_is_not_part_of_a_secret() -> None:
    assert mask(["hunter2\n"], b"hunter2!\n") == b"***!\n"


chunks = st.lists(
    st.binary(max_size=6) | st.sampled_from([b"ab", b"abc", b"\x1b", b"[0", b"m", b"\x1b[1m"]), max_size=12
)


@given(st.lists(st.text("abc", min_size=3, max_size=6), min_size=1, max_size=3), chunks)
@example(["aba", "bab"], [b"a", b"b", b"a", b"b", b"x"])
def test_cutting_the_stream_changes_nothing(secrets: list[str], pieces: list[bytes]) -> None:
    assert mask([*secrets], *pieces) == mask([*secrets], b"".join(pieces))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x1b"), min_size=3, max_size=30), st.data())
def test_any_secret_in_any_spelling_is_masked_wherever_it_is_cut(secret: str, data: st.DataObject) -> None:
    secret = secret.strip(" \t\r\n\x0b\x0c")
    if len(secret.encode()) < 3:
        return
    options = spellings(secret)
    spelt = options[data.draw(st.sampled_from(sorted(options)))]
    if not spelt.strip(b"{}|"):
        return
    stream = b"{|" + spelt + b"|}"
    cut = data.draw(st.integers(0, len(stream)))
    masked = mask([secret], stream[:cut], stream[cut:])
    assert spelt not in masked
    assert masked.startswith((b"{|***", b"{***", b"***"))
    assert masked.endswith((b"***|}", b"***}", b"***"))
