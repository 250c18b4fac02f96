"""Running `solstice` as a person would, and counting what a run leaves behind."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

SOLSTICE = Path(sys.executable).with_name("solstice")
PATIENCE_SECONDS = 240.0

Event = dict[str, Any]


@dataclass
class Ended:
    """How a run ended."""

    code: int
    events: list[Event]
    stderr: str

    def of(self, kind: str, job: str = "") -> list[Event]:
        """The events of one type, of one job."""
        return [event for event in self.events if event["type"] == kind and job in ("", event.get("job"))]

    def end_of(self, job: str) -> Event:
        """The job's row of the closing table."""
        row: Event = next(row for row in self.of("pipeline-ended")[0]["jobs"] if row["job"] == job)
        return row

    def log_of(self, job: str) -> bytes:
        """The job's log as stored."""
        return Path(self.end_of(job)["log"]).read_bytes()


@dataclass
class Place:
    """A repository and a state directory of its own, open to QEMU's user."""

    folder: Path
    repo: Path
    state: Path
    options: tuple[str, ...] = ()
    extra: list[str] = field(default_factory=list)

    def write(self, path: str, text: str) -> None:
        """Write a file of the repository."""
        place = self.repo / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def workflow(self, body: str) -> None:
        """Write the workflow file: jobs without a network of their own."""
        self.write(
            ".solstice/workflow.kdl",
            f'workflow name="t" {{\n defaults {{ network "none" }}\n{body}\n}}\n',
        )

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        flags = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main")
        done = subprocess.run(
            ["git", *flags, *arguments], cwd=self.repo, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "work")
        return self.git("rev-parse", "HEAD")

    def command(self, *arguments: str) -> list[str]:
        """The command line of a run that speaks JSON."""
        flags = ["--state-dir", str(self.state), "--json", *self.options]
        return [str(SOLSTICE), "run", str(self.repo), *flags, *arguments]

    def run(self, *arguments: str) -> Ended:
        """Run to the end."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return Ended(done.returncode, events, done.stderr)

    def run_until(
        self, when: Callable[[Event], bool], deed: "Callable[[Running], None]", *arguments: str
    ) -> Ended:
        """Run; once an event satisfies ``when``, do ``deed`` to the run; wait for its end."""
        with self.start(*arguments) as running:
            for event in running.events():
                if when(event):
                    deed(running)
                    break
            return running.finish()

    @contextmanager
    def start(self, *arguments: str) -> "Iterator[Running]":
        """A run under way; killed at the end of the block if it still is."""
        process = subprocess.Popen(
            self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running = Running(process, self)
        try:
            yield running
        finally:
            process.kill()
            process.communicate()

    def machines(self) -> list[Path]:
        """The folders of machines that are there."""
        return [path for path in (self.state / "machines").glob("*/*") if path.is_dir()]

    def leftovers(self) -> dict[str, list[str]]:
        """What is left of machines: processes at work below the state directory, files, sockets."""
        root = self.state / "machines"
        processes = []
        for process in psutil.process_iter():
            try:
                where = process.cwd() + " " + shlex.join(process.cmdline())
            except (psutil.Error, OSError):
                continue
            if str(root) in where:
                processes.append(where)
        left = [str(path) for path in root.rglob("*")] if root.exists() else []
        sockets = [line for line in Path("/proc/net/unix").read_text().splitlines() if str(root) in line]
        return {"processes": processes, "files": left, "sockets": sockets}


NOTHING: dict[str, list[str]] = {"processes": [], "files": [], "sockets": []}


class Running:
    """A run under way."""

    def __init__(self, process: "subprocess.Popen[str]", place: Place) -> None:
        self.process, self.place = process, place
        self.seen: list[Event] = []
        self._watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        self._watchdog.start()

    def events(self) -> Iterator[Event]:
        """Events as they come."""
        assert self.process.stdout
        for line in self.process.stdout:
            event = json.loads(line)
            self.seen.append(event)
            yield event

    def finish(self) -> Ended:
        """Wait for the end."""
        for _ in self.events():
            pass
        assert self.process.stderr
        stderr = self.process.stderr.read()
        code = self.process.wait()
        self._watchdog.cancel()
        return Ended(code, self.seen, stderr)

    def kill(self) -> None:
        """SIGKILL to our process alone."""
        self.process.send_signal(signal.SIGKILL)

    def interrupt(self) -> None:
        """What Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look again and again until it is so: for things outside our processes, which no event tells of."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.002)


@contextmanager
def make_place(*options: str) -> Iterator[Place]:
    """A place for runs, removed afterwards; short paths, since sockets live below it."""
    folder = Path(tempfile.mkdtemp(prefix="sol"))
    folder.chmod(0o755)
    try:
        repo, state = folder / "repo", folder / "s"
        repo.mkdir()
        place = Place(folder, repo, state, options)
        place.git("init", "--quiet")
        yield place
    finally:
        shutil.rmtree(folder, ignore_errors=True)
