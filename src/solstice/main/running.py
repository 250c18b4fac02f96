"""One local run, from what was typed to an exit code."""

import asyncio
import contextlib
import logging
import shutil
import signal
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from solstice.adapters.git.repository import Repository
from solstice.adapters.git.source import GitSource
from solstice.adapters.images.map_file import load_image_map
from solstice.cli.diagnostics import format_text
from solstice.cli.run import Given, Summary, Watcher
from solstice.domain.errors import AuthorMistake, MachineFault, OperatorMistake, SolsticeError
from solstice.domain.event import Event, Notice, PipelineEnded
from solstice.domain.image import ImageMap
from solstice.domain.job import Job, JobId, JobState, PipelineId
from solstice.domain.machine import Room
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Plan
from solstice.domain.reason import Fault
from solstice.main.context import Context
from solstice.main.local import LocalParts, LocalSystem, open_local
from solstice.main.places import open_places
from solstice.main.planned import PlannedRun, Wish, plan_run
from solstice.main.run import INTERRUPTED, JOB_FAILED, MACHINE, MISTAKE, SUCCESS
from solstice.main.secrets import note_missing, read_secrets
from solstice.main.settings import Settings
from solstice.main.shipped import shipped_image_map
from solstice.main.terminal import look_at, stdout_terminal
from solstice.main.watching import collect_given, open_watcher, tell_nothing_ran
from solstice.orchestrator.settings import Bounds

TICK_SECONDS = 0.125
_PATHS = ("path", "artifacts", "secret_file")


def run(context: Context, options: Mapping[str, Any], config: str | None) -> int:
    """Run; every error is said on standard error with its remedy."""
    try:
        for name in _PATHS:
            if options[name] == "":
                option = "the path" if name == "path" else f"--{name.replace('_', '-')}"
                raise OperatorMistake(f"{option} is empty", "Give a path, or leave it out.")
        flags = {key: options.get(key) for key in ("state_dir", "cache_dir", "images", "log_level")}
        flags |= {key: options.get(key) for key in ("max_concurrency", "boot_limit")}
        settings = context.settings(flags, config)
        logging.basicConfig(level=settings.log_level.upper(), stream=sys.stderr)
        return _run(context, {**options, "config": config}, settings)
    except AuthorMistake as mistake:
        say(f"error: {mistake}")
        return MISTAKE
    except OperatorMistake as mistake:
        say(f"error: {mistake}", mistake.remedy)
        return MACHINE if isinstance(mistake, MachineFault) else MISTAKE
    except SolsticeError as error:
        say(f"error: {error}")
        return MACHINE


def say(text: str, remedy: str = "") -> None:
    """A line for people, on standard error."""
    sys.stderr.write(f"solstice: {text}\n")
    if remedy:
        sys.stderr.write(f"  → {remedy}\n")


def _run(context: Context, options: Mapping[str, Any], settings: Settings) -> int:
    images = _with_images(load_image_map(shipped_image_map(), settings.images), options["image"])
    planned = plan_run(Wish.from_options(options), images)
    _tell_mistakes(context, planned)
    if planned.plan is None or planned.repository is None:
        return MISTAKE
    if why := planned.plan.skipped:
        return _run_nothing(context, options, planned.plan, f"nothing to run: {why}")
    secrets = read_secrets(context.environment, options["secrets"], options["secret_file"])
    with open_places(settings.state_dir) as places:
        sources = GitSource(planned.repository, planned.commit, places.source, dirty=planned.dirty)
        # What cannot be packed is told before a machine is asked for.
        sources.pack(job.checkout for job in planned.plan.jobs if job.checkout)
        parts = LocalParts(
            hypervisor=options["hypervisor"],
            state_dir=settings.state_dir,
            cache_dir=settings.cache_dir,
            logs=places.logs,
            artifacts=Path(options["artifacts"]).absolute() if options["artifacts"] else places.artifacts,
            streams=places.streams,
            images=images,
            bounds=make_bounds(settings, options["at_once"]),
            sources=sources,
            secrets=secrets,
            kept=places.kept if options["keep_failed"] else None,
        )
        watcher = open_watcher(options, planned.plan, stdout_terminal(context.environment))
        for notice in (*map(Notice, planned.notices), *note_missing(planned.plan, secrets)):
            watcher.tell(notice)
        try:
            return asyncio.run(
                _carry_out(parts, planned.plan, planned.repository, watcher, collect_given(options))
            )
        except BaseException:
            # What was shown so far must be whole before the error is told below it.
            with contextlib.suppress(OSError):
                watcher.abandon()
            raise


def _tell_mistakes(context: Context, planned: PlannedRun) -> None:
    if planned.diagnostics:
        colour = look_at(sys.stderr, context.environment).colour
        sys.stderr.write(format_text(planned.source, planned.diagnostics, colour=colour) + "\n")


def _run_nothing(context: Context, options: Mapping[str, Any], plan: Plan, why: str) -> int:
    if options["as_json"]:
        # A program that reads events waits for the last one, whatever there was to do.
        watcher = open_watcher(options, plan, stdout_terminal(context.environment))
        tell_nothing_ran(watcher, why, collect_given(options))
    else:
        say(why)
    return SUCCESS


async def _carry_out(
    parts: LocalParts, plan: Plan, repository: Repository, watcher: Watcher, given: Given
) -> int:
    pipeline = make_pipeline(plan, repository.origin, datetime.now(UTC))
    started = datetime.now(UTC)
    task = asyncio.ensure_future(_pipeline(parts, pipeline, watcher.tell))
    # Until there is a system that could ask its jobs to end, a signal simply takes back what was begun.
    _on_signals(task.cancel)
    ticker = asyncio.create_task(_tick(watcher))
    _on_resize(watcher)
    try:
        ended = await task
    except asyncio.CancelledError:
        watcher.abandon()
        return INTERRUPTED
    finally:
        ticker.cancel()
    duration = datetime.now(UTC) - started
    watcher.tell(PipelineEnded(ended.is_over and ended.succeeded, duration))
    watcher.close(
        Summary(
            success=ended.is_over and ended.succeeded,
            duration=duration,
            given=given,
            logs=str(parts.logs),
            artifacts=str(parts.artifacts) if parts.artifacts.exists() else "",
            log_files={job.plan.id: str(path) for job in ended.jobs if (path := _log(parts, job))},
        )
    )
    return exit_code(ended)


async def _pipeline(parts: LocalParts, pipeline: Pipeline, tell: Callable[[Event], None]) -> Pipeline:
    async with open_local(parts, tell) as system:
        _on_interrupt(system, tell)
        try:
            return await system.carry_out(pipeline)
        except asyncio.CancelledError:
            return await system.give_up(pipeline)


def _on_interrupt(system: LocalSystem, tell: Callable[[Event], None]) -> None:
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    asked: list[asyncio.Task[None]] = []

    def interrupt() -> None:
        if asked:
            tell(Notice("interrupted again: every machine is destroyed now", "warning"))
            if main:
                main.cancel()
            return
        tell(Notice("interrupted: jobs are asked to end (once more to end them at once)", "warning"))
        asked.append(loop.create_task(system.interrupt()))

    _on_signals(interrupt)


def _on_signals(react: Callable[[], object]) -> None:
    # Python's own SIGHUP is to die at once; under `nohup` it is ignored, and stays so.
    heard = [signal.SIGINT, signal.SIGTERM]
    heard += [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else []
    for number in heard:
        asyncio.get_running_loop().add_signal_handler(number, react)


def _on_resize(watcher: Watcher) -> None:
    def resize() -> None:
        size = shutil.get_terminal_size()
        watcher.resize(size.columns, size.lines)

    asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, resize)


async def _tick(watcher: Watcher) -> None:
    while True:
        watcher.tick(datetime.now(UTC))
        await asyncio.sleep(TICK_SECONDS)


def make_pipeline(plan: Plan, repo_url: str, now: datetime) -> Pipeline:
    """A pipeline of new jobs for ``plan``."""
    pipeline = PipelineId(uuid.uuid4().hex)
    jobs = tuple(
        Job(JobId(uuid.uuid4().hex), pipeline, job, JobState.BLOCKED, created_at=now) for job in plan.jobs
    )
    return Pipeline(pipeline, plan, jobs, repo_url)


def make_bounds(settings: Settings, at_once: int | None) -> Bounds:
    """What this computer can hold: its processors, four fifths of its free memory."""
    cpus = psutil.cpu_count() or 1
    machines = at_once or settings.max_concurrency or cpus
    host = Room(max(cpus, machines), int(psutil.virtual_memory().available * 0.8), machines)
    return Bounds(host=host, boot_limit=timedelta(seconds=settings.boot_limit))


def exit_code(pipeline: Pipeline) -> int:
    """What the jobs' ends come to."""
    reasons = [job.reason for job in pipeline.jobs if job.reason and job.state is not JobState.SUCCEEDED]
    failed = [job for job in pipeline.jobs if job.state in (JobState.FAILED, JobState.TIMED_OUT)]
    if any(reason.cause.word == "interrupted" for reason in reasons):
        return INTERRUPTED
    if any(job.reason and job.reason.cause.fault is Fault.AUTHOR for job in failed):
        return JOB_FAILED
    if failed:
        return MACHINE
    return SUCCESS if pipeline.succeeded else JOB_FAILED


def _with_images(images: ImageMap, choices: tuple[str, ...]) -> ImageMap:
    aliases = dict(images.aliases)
    for choice in choices:
        label, separator, name = choice.partition("=")
        if not separator or name not in images.labels:
            known = ", ".join(images.labels)
            raise OperatorMistake(f"--image {choice}: it must be LABEL=IMAGE", f"Images: {known}.")
        aliases[label] = name
    kept = {name: image for name, image in images.images.items() if name not in aliases}
    return replace(images, aliases=aliases, images={**kept, **_targets(images, aliases)})


def _targets(images: ImageMap, aliases: Mapping[str, str]) -> dict[str, Any]:
    return {name: images.images[name] for name in aliases.values() if name in images.images}


def _log(parts: LocalParts, job: Job) -> Path | None:
    with contextlib.suppress(OSError):
        for path in sorted(parts.logs.glob("*.log"), reverse=True):
            if path.name.split(".attempt-")[0].removesuffix(".log") == job.plan.id:
                return path
    return None
