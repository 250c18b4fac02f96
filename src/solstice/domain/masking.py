"""How secrets are kept out of a job's log, whichever way a tool happens to write them.

The agent imports this inside the guest: it stays free of the rest of the domain.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote_from_bytes

MASK = b"***"
SHORTEST_SECRET = 3
"""Bytes. Shorter ones would mask every second word, and so give themselves away."""
SHORTEST_LINE = 4
"""Bytes. Shorter lines of a secret (``{``, ``EOF``) are not secret."""

_PREFIX = 3
_MOST_ESCAPES_HELD = 4096
"""Bytes. A job that writes more of them into the midst of a secret means to show it."""
# Colours and styles, character sets, titles and links, saved places; also one that is not complete yet.
# Not every sequence there is: after a stray escape character the first letter of a secret is no sequence.
_ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*+[ -/]*+(?:[@-~]|\Z)"
    rb"|[()](?:[0-9A-Z]|\Z)"
    rb"|\][^\x07\x1b]*+(?:\x07|\x1b\\|\x1b?\Z)"
    rb"|[78=>]|\Z)"
)


class Masker:
    """Replaces every occurrence of a secret in a stream of bytes by ``***``.

    Found are a secret as it is and in base64, hex, URL, JSON, shell and C notation, each line of a secret of
    many lines, and all of these with terminal escape sequences in their midst. Secrets may be cut anywhere
    by the chunks: what could still become one is held back, everything else passes at once.
    """

    def __init__(self, secrets: Iterable[bytes | str]) -> None:
        patterns: set[bytes] = set()
        self.weak = 0
        """How many secrets are too short to be masked."""
        for secret in secrets:
            value = (secret.encode("utf-8", "surrogateescape") if isinstance(secret, str) else secret).strip()
            if len(value) < SHORTEST_SECRET:
                self.weak += 1
            else:
                patterns.update(_spell(value))
        self._finder = _Finder(patterns) if patterns else None
        self._held = b""
        self._covered = 0
        """How many of the held bytes a ``***`` already written stands for."""

    @property
    def warning(self) -> str:
        """What to tell the author about weak secrets; "" when there are none."""
        if not self.weak:
            return ""
        which = "1 secret is" if self.weak == 1 else f"{self.weak} secrets are"
        return f"{which} shorter than {SHORTEST_SECRET} bytes and cannot be masked in this log"

    def feed(self, chunk: bytes) -> bytes:
        """The next masked bytes; they lag behind only where a secret may be under way."""
        if self._finder is None:
            return chunk
        return self._mask(self._held + chunk, self._finder, final=False)

    def flush(self) -> bytes:
        """What was held back: the stream is over, nothing can complete it."""
        if self._finder is None or not self._held:
            return b""
        return self._mask(self._held, self._finder, final=True)

    def _mask(self, data: bytes, finder: "_Finder", *, final: bool) -> bytes:
        found, hold = finder.find(data, final=final)
        if b"\x1b" in data:
            through, hold_through = _find_through_escapes(data, finder, final=final)
            if len(data) - hold_through > finder.longest + _MOST_ESCAPES_HELD:
                through, hold_through = _find_through_escapes(data, finder, final=True)
            found = sorted(found + through)
            hold = min(hold, hold_through)
        out, done = list[bytes](), self._covered
        for start, end in found:
            if start >= hold:
                break
            if start >= done:
                out += (data[done:start], MASK)
                done = start
            if b"\x1b" in data[done:end]:
                # Colours that begin or end inside the secret go on behind it.
                out += _ESCAPE.findall(data[done:end])
            done = max(done, end)
        out.append(data[done:hold])
        self._held = data[hold:]
        self._covered = max(done - hold, 0)
        return b"".join(out)


class _Finder:
    """Looks for many patterns at once: a short regular expression finds where one may begin."""

    def __init__(self, patterns: Iterable[bytes]) -> None:
        ordered = sorted(patterns)
        self.longest = max(map(len, ordered))
        by_prefix: dict[bytes, list[bytes]] = {}
        for pattern in ordered:
            by_prefix.setdefault(pattern[:_PREFIX], []).append(pattern)
        self._families = {prefix: _Family(members) for prefix, members in by_prefix.items()}
        self._short_tails = {prefix[:length] for prefix in by_prefix for length in range(1, _PREFIX)}
        self._begins = _compile_prefixes(by_prefix).finditer

    def find(self, data: bytes, *, final: bool) -> tuple[list[tuple[int, int]], int]:
        """Where patterns stand, longest first at each place, and from where on ``data`` must wait.

        A place that waits is the first whose rest is the beginning of a pattern; what is found from there on
        is not reported, it may still turn out to be longer.
        """
        found: list[tuple[int, int]] = []
        size = len(data)
        for match in self._begins(data):
            start = match.start()
            length, waits = self._families[data[start : start + _PREFIX]].measure(data, start)
            if waits and not final:
                return found, start
            if length:
                found.append((start, start + length))
        if not final:
            for start in range(max(size - _PREFIX + 1, 0), size):
                if data[start:] in self._short_tails:
                    return found, start
        return found, size


class _Family:
    """The patterns, in order, that begin alike."""

    def __init__(self, members: list[bytes]) -> None:
        self._members = members
        self._longest = max(map(len, members))
        self._shorter: list[int] = []
        """For each member the place of the longest other one it begins with, or -1."""
        for place, member in enumerate(members):
            other = place - 1
            while other >= 0 and not member.startswith(members[other]):
                other = self._shorter[other]
            self._shorter.append(other)

    def measure(self, data: bytes, start: int) -> tuple[int, bool]:
        """How long the longest member at ``start`` is (0: none), and whether it could still grow."""
        window = data[start : start + self._longest]
        members, place = self._members, bisect_right(self._members, window)
        waits = len(window) < self._longest and place < len(members) and members[place].startswith(window)
        # Every member the window begins with is a beginning of the last one in order before the window.
        place -= 1
        while place >= 0 and not window.startswith(members[place]):
            place = self._shorter[place]
        return (len(members[place]) if place >= 0 else 0), waits


def _compile_prefixes(prefixes: Iterable[bytes]) -> re.Pattern[bytes]:
    """An expression that matches, without width, where one of ``prefixes`` stands.

    Grouped by first and second byte: the matcher then leaves almost every place after one comparison.
    """
    tree: dict[int, dict[int, set[int]]] = {}
    for first, second, third in prefixes:
        tree.setdefault(first, {}).setdefault(second, set()).add(third)
    branches = [
        _literal(first)
        + b"(?:"
        + b"|".join(_literal(second) + _any_of(thirds) for second, thirds in inner.items())
        + b")"
        for first, inner in tree.items()
    ]
    return re.compile(_any_of(tree).join((b"(?=", b")")) + b"(?=" + b"|".join(branches) + b")", re.DOTALL)


def _literal(byte: int) -> bytes:
    return b"\\x%02x" % byte


def _any_of(values: Iterable[int]) -> bytes:
    return b"[" + b"".join(map(_literal, sorted(values))) + b"]"


def _find_through_escapes(data: bytes, finder: _Finder, *, final: bool) -> tuple[list[tuple[int, int]], int]:
    """The same as `_Finder.find`, on what is left of ``data`` without its escape sequences."""
    pieces, offsets, starts = list[bytes](), list[int](), list[int]()
    position = visible = 0
    for match in _ESCAPE.finditer(data):
        if match.start() > position:
            pieces.append(data[position : match.start()])
            starts.append(visible)
            offsets.append(position - visible)
            visible += match.start() - position
        position = match.end()
    if position < len(data):
        pieces.append(data[position:])
        starts.append(visible)
        offsets.append(position - visible)
    found, hold = finder.find(b"".join(pieces), final=final)

    def original(index: int) -> int:
        return index + offsets[bisect_right(starts, index) - 1]

    size = sum(map(len, pieces))
    real = [(original(start), original(end - 1) + 1) for start, end in found]
    return real, original(hold) if hold < size else len(data)


def _spell(value: bytes) -> Iterator[bytes]:
    """Every way to write ``value`` that is looked for."""
    yield from _spell_text(value)
    yield from _spell_base64(value)
    yield value.hex().encode()
    yield value.hex().upper().encode()
    if b"\n" in value or b"\r" in value:
        yield from _spell_lines(value)


def _spell_lines(value: bytes) -> Iterator[bytes]:
    lines = value.splitlines()
    for newline in (b"\n", b"\r\n"):
        yield from _spell_text(newline.join(lines))
    for line in lines:
        if len(line.strip()) >= SHORTEST_LINE:
            yield from _spell_text(line.strip())


def _spell_text(value: bytes) -> Iterator[bytes]:
    """``value`` itself, and as it looks inside quotes, in a URL, in JSON."""
    yield value
    for safe in ("", "/", "!~*'()"):
        quoted = quote_from_bytes(value, safe)
        for spelling in (quoted, quoted.replace("%20", "+")):
            yield spelling.encode()
            yield _lower_percents(spelling).encode()
    yield value.replace(b"'", rb"'\''")
    yield value.replace(b"'", b"""'"'"'""")
    yield re.sub(rb"([^\w@%+=:,./\x80-\xff-])", rb"\\\1", value)
    c_notation = (
        value.replace(b"\\", b"\\\\").replace(b"\n", rb"\n").replace(b"\r", rb"\r").replace(b"\t", rb"\t")
    )
    yield c_notation
    yield c_notation.replace(b"'", rb"\'")
    yield from _spell_json(value)


def _lower_percents(text: str) -> str:
    return re.sub("%..", lambda match: match[0].lower(), text)


def _spell_json(value: bytes) -> Iterator[bytes]:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return
    raw, escaped = json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
    for spelling in (raw, escaped):
        yield spelling.encode()
        # Some writers keep JSON safe inside HTML, others escape every slash.
        yield re.sub("[<>&'+]", lambda match: f"\\u{ord(match[0]):04x}", spelling).encode()
        yield re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", spelling).encode()
        yield spelling.replace("/", "\\/").encode()
    yield re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), escaped).encode()


def _spell_base64(value: bytes) -> Iterator[bytes]:
    """The characters that ``value`` alone decides, wherever in a longer text it stands.

    A character of base64 holds six bits; with ``lead`` bytes before, those that share bits with a
    neighbour are left out. The tools that wrap lines do it at 64 or 76 characters.
    """
    for encode in (b64encode, urlsafe_b64encode):
        for lead in range(3):
            first = -(-lead * 8 // 6)
            yield encode(bytes(lead) + value)[first : (lead + len(value)) * 8 // 6]
        yield from _wrapped(encode, value)


def _wrapped(encode: Callable[[bytes], bytes], value: bytes) -> Iterator[bytes]:
    whole = encode(value)[: len(value) * 8 // 6]
    for width in (64, 76):
        if len(whole) > width:
            lines = (whole[start : start + width] for start in range(0, len(whole), width))
            yield from (line for line in lines if len(line) >= SHORTEST_LINE)
