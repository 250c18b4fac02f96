"""The agent's process: flags in, one job, an exit code out."""

import argparse
import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from solstice import __version__
from solstice.agent.channels import parse_channel
from solstice.agent.connection import keep_connected
from solstice.agent.facts import read_facts
from solstice.agent.logs import JobLog
from solstice.agent.mend import mend, verbs_of
from solstice.agent.ports import Opener
from solstice.agent.processes import adopt_orphans, take_precedence
from solstice.agent.runner import Runner
from solstice.agent.session import Refused, Session
from solstice.agent.warm import empty_caches, rehearse, walk_warm_paths
from solstice.domain.masking import Masker
from solstice.wire.handshake import Prepare

log = logging.getLogger("solstice.agent")

SETTLED, REFUSED = 0, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the agent with these arguments (the process's own if ``None``); its exit code."""
    arguments = _parse(argv)
    logging.basicConfig(
        level=arguments.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    for library in ("hpack", "h2", "asyncio"):
        # At debug level they would write the credential into this log.
        logging.getLogger(library).setLevel(logging.WARNING)
    adopt_orphans()
    take_precedence()
    if not arguments.token_file and not arguments.no_mend:
        # Nobody waits for this machine yet: it is to become a template.
        empty_caches()
        walk_warm_paths(arguments.workdir, arguments.user)
    # What is imported stays: a collector that visits it would fetch all its pages into every restored clone.
    gc.freeze()
    return asyncio.run(_serve(arguments))


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent.pyz", description="The agent of Solstice CI in a machine.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--channel", required=True, metavar="CHANNEL", help="serial:/dev/NAME, unix:/PATH or tcp:HOST:PORT"
    )
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="the one-use token of the seed")
    parser.add_argument("--user", default="", help="whom steps run as, unless the job says")
    parser.add_argument("--workdir", type=Path, default=Path("/solstice"), help="the job's folder")
    parser.add_argument("--no-mend", action="store_true", help="leave clock, names and randomness alone")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    arguments = parser.parse_args(argv)
    try:
        arguments.opener = parse_channel(arguments.channel)
        arguments.token = arguments.token_file.read_text("ascii").strip() if arguments.token_file else ""
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return arguments


async def _serve(arguments: argparse.Namespace) -> int:
    session = Session(read_facts, arguments.token)

    verbs = {} if arguments.no_mend else verbs_of(sys.platform)

    def prepare(words: Prepare) -> None:
        mend(words, verbs)
        session.use_token(words.token)

    opener: Opener = arguments.opener
    again = partial(rehearse, arguments.workdir, arguments.user)
    connecting = asyncio.create_task(keep_connected(opener, prepare, session.use_link, again))
    conversing = asyncio.create_task(session.run())
    working = asyncio.create_task(_work(session, arguments.workdir, arguments.user))
    pending: set[asyncio.Task[None]] = {connecting, conversing, working}
    try:
        while not conversing.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    except Refused as refusal:
        log.error("the orchestrator refused this agent: %s", refusal)
        return REFUSED
    finally:
        for task in (working, conversing, connecting):
            task.cancel()
        with contextlib.suppress(Refused):
            await asyncio.gather(working, conversing, connecting, return_exceptions=True)
    return SETTLED


async def _work(session: Session, workdir: Path, user: str) -> None:
    assignment = await session.assignment
    if not assignment.user:
        assignment.user = user
    masker = Masker(assignment.secrets.values())
    job_log = JobLog(session.outbox, masker, assignment.log_limit_bytes)
    if masker.warning:
        job_log.say(f"[solstice: {masker.warning}]")
    await Runner(session, assignment, job_log, workdir).run()
