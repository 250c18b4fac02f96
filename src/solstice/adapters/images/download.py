"""Fetching one file over HTTP: resumed, retried, bounded, and hashed as it comes."""

import asyncio
import hashlib
import json
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import httpx2
import stamina

from solstice.adapters.images.shelf import disk_full, translate_disk_errors
from solstice.domain.errors import MachineFault, OperatorMistake, Transient

_CHUNK = 1 << 20
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
_USER_AGENT = "solstice-ci"


@dataclass(frozen=True, slots=True)
class DownloadRules:
    """How patient and how greedy a download is.

    ``stall`` is how long a server may bring less than ``least_bytes``; ``attempts`` counts the first try.
    ``ca_file`` are certificates to trust instead of the usual ones, ``proxy`` a URL.
    """

    stall: timedelta = timedelta(seconds=30)
    least_bytes: int = 16 * 1024
    attempts: int = 8
    first_wait: timedelta = timedelta(milliseconds=500)
    most_bytes: int = 64 << 30
    proxy: str | None = None
    ca_file: Path | None = None


class _Interrupted(Transient):
    """This attempt is over; the next one may go on from here."""


async def download(
    url: str,
    part: Path,
    algorithm: str,
    rules: DownloadRules,
    say: Callable[[int, int], None],
    allow_downgrade: bool = False,
) -> str:
    """Bring ``url`` into the file ``part``, going on from what is in it, and return the hex digest of it all.

    ``say`` is told bytes done and bytes in total (0 when the server does not say). ``allow_downgrade``
    lets a redirect leave https: only right when the caller knows the digest from elsewhere.
    """
    retries = stamina.retry_context(
        on=_Interrupted,
        attempts=rules.attempts,
        timeout=None,
        wait_initial=rules.first_wait,
        wait_max=timedelta(seconds=30),
        wait_jitter=rules.first_wait,
    )
    async with _open_client(rules) as client:
        try:
            async for attempt in retries:
                with attempt:
                    return await _Fetch(client, url, part, algorithm, rules, say, allow_downgrade).run()
        except _Interrupted as error:
            raise Transient(f"gave up on {show_url(url)} after {rules.attempts} attempts: {error}") from error
    raise AssertionError("a retry context ends with a result or an error")


def forget(part: Path) -> None:
    """Drop what there is of a download, so that the next one begins at the beginning."""
    part.unlink(missing_ok=True)
    _validator_file(part).unlink(missing_ok=True)


def show_url(url: str) -> str:
    """The URL without the password that may stand in it, and without its query."""
    parsed = httpx2.URL(url)
    return str(parsed.copy_with(userinfo=b"", query=None, fragment=None))


@asynccontextmanager
async def _open_client(rules: DownloadRules) -> AsyncIterator[httpx2.AsyncClient]:
    verify = True if rules.ca_file is None else ssl.create_default_context(cafile=str(rules.ca_file))
    async with httpx2.AsyncClient(
        trust_env=False,
        proxy=rules.proxy,
        verify=verify,
        timeout=httpx2.Timeout(rules.stall.total_seconds()),
        follow_redirects=False,
        headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
    ) as client:
        yield client


@dataclass(slots=True)
class _Fetch:
    """One attempt."""

    client: httpx2.AsyncClient
    url: str
    part: Path
    algorithm: str
    rules: DownloadRules
    say: Callable[[int, int], None]
    allow_downgrade: bool

    async def run(self) -> str:
        validator = _read_validator(self.part, self.url)
        begun = self.part.stat().st_size if validator and self.part.exists() else 0
        headers = {"Range": f"bytes={begun}-", "If-Range": validator} if begun else {}
        try:
            async with self._ask(self.url, headers) as response:
                return await self._take(response, begun)
        except httpx2.TimeoutException as error:
            raise _Interrupted(f"the server sent nothing for {self.rules.stall}") from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise _Interrupted(f"the connection broke: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def _ask(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx2.Response]:
        """The answer after any redirects, each of them looked at by us."""
        for _ in range(_MOST_REDIRECTS):
            async with self.client.stream("GET", url, headers=headers) as response:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                url = self._follow(url, response.headers.get("Location", ""))
        raise OperatorMistake(f"{show_url(self.url)} redirects without end", "Mend `source`.")

    def _follow(self, url: str, location: str) -> str:
        try:
            target = httpx2.URL(url).join(location)
        except (httpx2.InvalidURL, ValueError) as error:
            raise OperatorMistake(f"{show_url(url)} redirects to a broken URL", "Mend `source`.") from error
        secure = httpx2.URL(url).scheme == "https"
        if not location or target.scheme not in ("http", "https") or not target.host:
            raise OperatorMistake(
                f"{show_url(url)} redirects to {target.scheme}:, not to http", "Mend `source`."
            )
        if secure and target.scheme == "http" and not self.allow_downgrade:
            raise OperatorMistake(
                f"{show_url(url)} redirects from https to http, where anybody could change it",
                "Write the file's digest as `sha256`, or another `source`.",
            )
        return str(target)

    async def _take(self, response: httpx2.Response, begun: int) -> str:
        begun = self._check_status(response, begun)
        length = _read_number(response.headers.get("Content-Length"))
        total = begun + length if length is not None else 0
        if total > self.rules.most_bytes:
            raise _too_big(self.url, self.rules)
        if length and length > shutil.disk_usage(self.part.parent).free:
            raise disk_full(self.part.parent)
        digest = hashlib.new(self.algorithm)
        with translate_disk_errors(self.part):
            await asyncio.to_thread(_hash_beginning, self.part, begun, digest)
            _write_validator(self.part, self.url, response)
            with self.part.open("r+b" if begun else "wb") as file:
                await self._copy(response, file, digest, begun, total)
        return digest.hexdigest()

    def _check_status(self, response: httpx2.Response, begun: int) -> int:
        """Where in the file the body begins."""
        status = response.status_code
        if status == 206 and begun:
            start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
            if _read_number(start) == begun:
                return begun
        if status in (206, 416):
            forget(self.part)
            raise _Interrupted("the server sent another part of the file than it was asked for")
        if status == 200:
            return 0
        if status in _PASSING_STATUSES:
            raise _Interrupted(f"the server answers {status} {response.reason_phrase}")
        raise OperatorMistake(
            f"{show_url(self.url)}: the server answers {status} {response.reason_phrase}",
            "Mend `source` (or `digest_url`) in the image map.",
        )

    async def _copy(
        self, response: httpx2.Response, file: BinaryIO, digest: "hashlib._Hash", begun: int, total: int
    ) -> None:
        sink, pace = _Sink(file, digest, begun), _Pace(self.rules, begun)
        self.say(begun, total)
        try:
            async for chunk in response.aiter_raw():
                if sink.done + len(chunk) > self.rules.most_bytes:
                    raise _too_big(self.url, self.rules)
                await sink.write(chunk)
                pace.check(sink.done)
                self.say(sink.done, total)
        finally:
            sink.flush()
        if total and sink.done != total:
            raise _Interrupted(f"only {sink.done} of {total} bytes came")


class _Sink:
    """Collects chunks, so that a thread is asked to write and hash only now and then."""

    def __init__(self, file: BinaryIO, digest: "hashlib._Hash", begun: int) -> None:
        file.seek(begun)
        self._file, self._digest, self._waiting = file, digest, bytearray()
        self.done = begun

    async def write(self, chunk: bytes) -> None:
        self._waiting += chunk
        self.done += len(chunk)
        if len(self._waiting) >= _CHUNK:
            await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        self._file.write(waiting)
        self._digest.update(waiting)


class _Pace:
    """Notices a server that keeps a connection alive with hardly a byte."""

    def __init__(self, rules: DownloadRules, begun: int) -> None:
        self._rules = rules
        self._now = asyncio.get_running_loop().time
        self._since, self._had = self._now(), begun

    def check(self, done: int) -> None:
        if self._now() - self._since < self._rules.stall.total_seconds():
            return
        if done - self._had < self._rules.least_bytes:
            raise _Interrupted(
                f"the server sent less than {self._rules.least_bytes} bytes in {self._rules.stall}"
            )
        self._since, self._had = self._now(), done


def _hash_beginning(part: Path, length: int, digest: "hashlib._Hash") -> None:
    if not length:
        return
    with part.open("rb") as file:
        while length > 0 and (chunk := file.read(min(_CHUNK, length))):
            digest.update(chunk)
            length -= len(chunk)


def _validator_file(part: Path) -> Path:
    return part.with_name(part.name + ".from")


def _read_validator(part: Path, url: str) -> str:
    """What tells that the rest on the server belongs to what we have; "" when nothing does."""
    try:
        record = json.loads(_validator_file(part).read_text())
    except (OSError, ValueError):
        return ""
    if not isinstance(record, dict) or record.get("url") != url:
        return ""
    return str(record.get("validator", ""))


def _write_validator(part: Path, url: str, response: httpx2.Response) -> None:
    etag = response.headers.get("ETag", "")
    # If-Range compares strongly: a weak tag never matches, a date may.
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
    _validator_file(part).write_text(json.dumps({"url": url, "validator": validator}))


def _read_number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


def _too_big(url: str, rules: DownloadRules) -> MachineFault:
    return MachineFault(
        f"{show_url(url)} is larger than {rules.most_bytes} bytes", "Raise the cap if this is meant."
    )
