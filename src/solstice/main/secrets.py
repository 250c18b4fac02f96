"""Secrets of a local run, from the environment and from a file: never from the command line itself."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from solstice.domain.errors import OperatorMistake
from solstice.domain.event import Notice
from solstice.domain.plan import Plan
from solstice.main.settings import Environment


def read_secrets(environment: Environment, names: Iterable[str], file: str | None) -> dict[str, str]:
    """The values by name; a name without a value is refused."""
    values = _read_file(Path(file)) if file else {}
    for name in names:
        if "=" in name:
            raise OperatorMistake(
                "--secret takes a name, not a value (a command line is visible to everybody)",
                f"Put the value into the variable {name.partition('=')[0]}, or use --secret-file.",
            )
        if name in values:
            continue
        if name not in environment.variables:
            raise OperatorMistake(
                f"there is no variable {name} to take the secret from", f"Set {name}, or use --secret-file."
            )
        values[name] = environment.variables[name]
    return values


def note_missing(plan: Plan, given: Collection[str]) -> Iterator[Notice]:
    """A warning for each job of the file, and secret, that was not given: its steps will not have it."""
    wanted = dict.fromkeys((job.job, name) for job in plan.jobs for name in job.secrets if name not in given)
    for job, name in wanted:
        yield Notice(
            f"job {job} asks for the secret {name}, which was not given (--secret {name})", "warning"
        )


def _read_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorMistake(
            f"cannot read the secrets in {path}: {error}", "Give another --secret-file."
        ) from error
    values = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip().isidentifier():
            raise OperatorMistake(f"{path}:{number}: a line must be NAME=value", "Mend that line.")
        values[name.strip()] = value
    return values
