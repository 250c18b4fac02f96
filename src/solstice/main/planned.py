"""What a local run is to do: the repository looked at, its workflow read and planned, jobs picked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solstice.adapters.git.repository import (
    Repository,
    changed_paths,
    near_submodules,
    paths_since_base,
    read_file,
    resolve_commit,
)
from solstice.cli.locating import read_start
from solstice.domain.diagnostic import Diagnostic, Source
from solstice.domain.errors import AuthorMistake, OperatorMistake
from solstice.domain.image import ImageMap
from solstice.domain.occasion import make_occasion
from solstice.domain.plan import JobPlan, Plan
from solstice.domain.planning import plan
from solstice.domain.selection import select
from solstice.domain.workflow import (
    LEGACY_SCRIPT,
    WORKFLOW_FILE,
    Limits,
    Workflow,
    legacy_workflow,
    read_workflow_bytes,
)
from solstice.domain.workflow.taking import tame
from solstice.main.pointing import describe_place, find_repository


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for."""

    path: Path
    jobs: tuple[str, ...] = ()
    matrix: Mapping[str, str] | None = None
    event: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    branch: str | None = None
    commit: str | None = None
    """A revision; ``None`` is the work tree."""

    @staticmethod
    def from_options(options: Mapping[str, Any]) -> "Wish":
        """From the command line's options."""
        if options["commit"] and options["dirty"]:
            raise OperatorMistake("--commit and --dirty exclude each other", "Give one of them.")
        return Wish(
            path=Path(options["path"]),
            jobs=options["jobs"],
            matrix=dict(_pair("--matrix", text) for text in options["matrix"]),
            event=options["event"],
            inputs=tuple(_pair("--input", text) for text in options["inputs"]),
            branch=options["branch"],
            commit=options["commit"],
        )


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """The plan, or why there is none; ``notices`` are lines a person should see."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None = None
    repository: Repository | None = None
    commit: str = ""
    dirty: bool = False
    notices: tuple[str, ...] = ()


def plan_run(wish: Wish, images: ImageMap) -> PlannedRun:
    """Look, read, plan, pick."""
    repository = find_repository(wish.path)
    commit = resolve_commit(repository, wish.commit) if wish.commit else repository.head
    changed = () if wish.commit else changed_paths(repository)
    dirty = wish.commit is None and bool(changed or not commit)
    source, workflow, diagnostics = _read(repository, commit if wish.commit else None)
    if workflow is None:
        return PlannedRun(source, diagnostics)
    event = wish.event or ("manual" if wish.inputs else "push")
    here = describe_place(repository, commit)
    touched = _touched(repository, commit, changed) if wish.event else ()
    occasion = make_occasion(event, here, branch=wish.branch, inputs=wish.inputs, changed=touched)
    if wish.event is None:
        workflow = replace(workflow, triggers=())
    limits = Limits(labels=images.labels, sizes=tuple(sorted(images.sizes)))
    planned = plan(workflow, occasion, images.default_label, limits)
    diagnostics = (*diagnostics, *planned.diagnostics)
    if planned.plan is None:
        return PlannedRun(source, diagnostics)
    chosen = planned.plan
    if (wish.jobs or wish.matrix) and not chosen.skipped:
        chosen = select(chosen, wish.jobs, wish.matrix or {})
    near = near_submodules(repository, commit if wish.commit else None) if _wants_submodules(chosen) else ()
    notices = _notices(chosen, len(changed), dirty, near)
    if near:
        chosen = replace(chosen, jobs=tuple(_without_submodules(job) for job in chosen.jobs))
    return PlannedRun(source, diagnostics, chosen, repository, commit, dirty, notices)


def _touched(repository: Repository, commit: str, changed: tuple[str, ...]) -> tuple[str, ...]:
    """What filters of paths look at: everything since the branch began; nothing if that is not known."""
    since = paths_since_base(repository, commit) if commit else ()
    return () if since is None else tuple(sorted({*since, *changed}))


def _read(
    repository: Repository, commit: str | None
) -> tuple[Source, Workflow | None, tuple[Diagnostic, ...]]:
    data = _file(repository, commit, WORKFLOW_FILE)
    if data is not None:
        shown = WORKFLOW_FILE if commit else _short(repository.root / WORKFLOW_FILE)
        source, read = read_workflow_bytes(data, shown)
        return source, read.workflow, read.diagnostics
    if _file(repository, commit, LEGACY_SCRIPT) is not None:
        return Source(LEGACY_SCRIPT, ""), legacy_workflow(), ()
    where = f"commit {commit[:12]} of {repository.root}" if commit else str(repository.root)
    raise AuthorMistake(
        f"{where} has neither {WORKFLOW_FILE} nor {LEGACY_SCRIPT}\n"
        f'  → Write one: workflow {{ job id="test" {{ step run="make check" }} }}'
    )


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _file(repository: Repository, commit: str | None, path: str) -> bytes | None:
    if commit:
        return read_file(repository, commit, path)
    place = repository.root / path
    # A link that leads nowhere is somebody's mistake, not an absence.
    return read_start(place, Limits().file_bytes + 1) if os.path.lexists(place) else None


def _wants_submodules(chosen: Plan) -> bool:
    return any(job.checkout and job.checkout.submodules for job in chosen.jobs)


def _without_submodules(job: JobPlan) -> JobPlan:
    return replace(job, checkout=replace(job.checkout, submodules=False)) if job.checkout else job


def _notices(chosen: Plan, changed: int, dirty: bool, near: tuple[str, ...]) -> tuple[str, ...]:
    notices = []
    if dirty:
        files = f"{changed} changed file{'s' if changed != 1 else ''}"
        notices.append(f"the work tree as it stands is run ({files} on top of the commit)")
    left_out = list(chosen.left_to_server)
    if any(job.caches for job in chosen.jobs):
        left_out.append("cache")
    if left_out:
        notices.append(f"left to a server: {', '.join(dict.fromkeys(left_out))}")
    if near:
        names = tame(", ".join(near))
        notices.append(f"left to a server: submodules, for a local run does not pack those of here ({names})")
    return tuple(notices)


def _pair(option: str, text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise OperatorMistake(f"{option} {text}: it must be NAME=VALUE", f"Write {option} name=value.")
    return key, value
