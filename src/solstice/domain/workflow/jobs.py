"""What one job holds: something to do, within the limits; files kept under names, fetched where they are."""

from collections.abc import Mapping
from datetime import timedelta

from solstice.domain.quantity import format_duration
from solstice.domain.workflow.graph import needed_by
from solstice.domain.workflow.limits import Limits
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Reading


def check_job(reader: Reader, job: Reading, limits: Limits) -> None:
    """Report a job with nothing to do, with two things to do, or with too much."""
    steps, script = job.all("step"), job.written("script")
    if not steps and "script" not in job.attempted:
        hint = 'write step run="…" or script="…"'
        reader.refuse(
            "empty-job", "this job does nothing", job.node.name_span, expected="a step or a script", hint=hint
        )
    if steps and script:
        reader.refuse(
            "script-and-steps",
            "a job has either a script or steps",
            script.span,
            expected="one of them",
            hint="run the script as a step of its own",
        )
    if len(steps) > limits.steps:
        message = f"this job has {len(steps)} steps"
        reader.refuse(
            "limit-steps", message, steps[limits.steps].node.name_span, expected=f"at most {limits.steps}"
        )
    for reading in (job, *steps):
        check_timeout(reader, reading, limits)
    check_offer(reader, job, limits)
    _check_artifact_names(reader, job)


def check_offer(reader: Reader, reading: Reading, limits: Limits) -> None:
    """Report a label or a size this system lacks; what holds expressions is known when it is planned."""
    wanted = [(reading.written("runs_on"), limits.labels)]
    wanted += [(resources.written("size"), limits.sizes) for resources in reading.all("resources")]
    for written, known in wanted:
        name = str(written.value) if written else ""
        if written and known is not None and "${{" not in name and name not in known:
            message = f"this system has nothing called `{name}`"
            expected = f"one of {', '.join(known)}" if known else "nothing: the image map has none"
            reader.refuse(
                "unknown-label", message, written.span, expected=expected, hint=reader.suggest(name, known)
            )


def check_timeout(reader: Reader, reading: Reading, limits: Limits) -> None:
    """Report a timeout beyond what the operator allows."""
    written, timeout = reading.written("timeout"), reading.one("timeout", timedelta)
    if written and timeout and timeout > limits.timeout:
        longest = format_duration(limits.timeout)
        message = "nothing may run that long here"
        reader.refuse(
            "limit-timeout", message, written.span, expected=f"at most {longest}", hint=f'write "{longest}"'
        )


def check_fetches(reader: Reader, job: Reading, by_id: Mapping[str, Reading]) -> None:
    """Report what is fetched from a job that is not over by then, or that nobody keeps."""
    needed = needed_by(job, by_id) if job.all("fetch") else set()
    for fetch in job.all("fetch"):
        source = fetch.written("from")
        if source is None:
            continue
        name = str(source.value)
        if name not in needed:
            exists = name in by_id and by_id[name] is not job
            message = f"this job does not need `{name}`" if exists else f"there is no other job `{name}`"
            hint = f'write needs "{name}"' if exists else reader.suggest(name, needed)
            reader.refuse(
                "fetch-without-need", message, source.span, expected="the id of a needed job", hint=hint
            )
        else:
            _check_artifact(reader, fetch, by_id[name])


def _check_artifact(reader: Reader, fetch: Reading, source: Reading) -> None:
    wanted, name, kept = fetch.written("artifact"), fetch.one("artifact", str), _artifact_names(source)
    # Where a name has holes, only the running job can tell.
    if not wanted or not name or any("${{" in text for text in (name, *kept)) or name in kept:
        return
    job = source.one("id", str)
    reader.refuse(
        "unknown-artifact",
        f"`{job}` keeps no artifact `{name}`",
        wanted.span,
        expected=", ".join(kept) or f'artifact name="{name}" {{ path "…" }} in `{job}`',
        hint=reader.suggest(name, kept),
    )


def _artifact_names(job: Reading) -> list[str]:
    return [name for name in (item.one("name", str) for item in job.all("artifact")) if name]


def _check_artifact_names(reader: Reader, job: Reading) -> None:
    seen: set[object] = set()
    for written in (artifact.written("name") for artifact in job.all("artifact")):
        if written and written.value in seen:
            message = f"this job already keeps `{written.value}`"
            reader.refuse("duplicate-name", message, written.span, hint="give one `artifact` all the paths")
        seen.add(written.value if written else None)
