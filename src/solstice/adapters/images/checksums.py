"""Publishers' checksum files: which digest they give for one file."""

import re

from solstice.domain.errors import OperatorMistake
from solstice.domain.image import Digest, DigestKind

_BSD = re.compile(r"^(SHA256|SHA512) \(([^()\n]{1,512})\) = ([0-9A-Fa-f]{64,128})$")
_GNU = re.compile(r"^([0-9A-Fa-f]{64,128}) [ *](\S.{0,511})$")
_BARE = re.compile(r"^([0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})$")


def find_digest(text: str, file_name: str, where: str) -> Digest:
    """The strongest digest ``text`` gives for ``file_name``.

    It may hold lines of ``sha256sum``, BSD lines, or one bare digest. Signatures and comments around
    them are passed over; two different digests of one kind are refused.
    """
    found: dict[DigestKind, set[str]] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        name, value = _read_line(line)
        kind = _kind_of(value)
        if kind and name.rpartition("/")[2] == file_name:
            found.setdefault(kind, set()).add(value.lower())
    if not found and len(lines) == 1 and _BARE.match(lines[0]):
        found = {DigestKind(len(lines[0])): {lines[0].lower()}}
    if not found:
        raise OperatorMistake(
            f"the checksum file {where} says nothing of {file_name}",
            "Look at the file and mend `digest_url`, or write the digest itself as `sha256`.",
        )
    kind = max(found, key=lambda each: each.value)
    if len(found[kind]) > 1:
        raise OperatorMistake(
            f"the checksum file {where} gives several digests for {file_name}",
            "Write the right one as `sha256` or `sha512`.",
        )
    return Digest(kind, found[kind].pop())


def _read_line(line: str) -> tuple[str, str]:
    if match := _BSD.match(line):
        return match[2], match[3]
    if match := _GNU.match(line):
        return match[2], match[1]
    return "", ""


def _kind_of(value: str) -> DigestKind | None:
    return next((kind for kind in DigestKind if kind.value == len(value)), None)
