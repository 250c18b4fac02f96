"""The figures of the command line: its start, and checking a workflow of a thousand lines.

Both are differences within a round, so that the interpreter's own start drops out; their floor is what the
difference may be.
"""

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.figure import CannotRun, Figure, Pair
from benchmarks.lab import Lab

SOLSTICE = Path(sys.executable).with_name("solstice")
LINES = 1000
HELP_BUDGET_MS, CHECK_BUDGET_MS = 120.0, 60.0
Command = Sequence[str | Path]


JOB = """\
    // What every platform has to pass.
    job id="job-{number}" {{
        needs {needs}
        runs_on "debian-12"
        timeout "20m"
        if "success() && branch != 'gh-pages'"
        network "none"

        env {{
            NUMBER "{number}"
            REF "${{{{ ref }}}}"
        }}

        matrix {{
            python "3.11" "3.12"
        }}

        setup path=".solstice/setup.sh"
        step name="unit" run="pytest -q --maxfail=1" timeout="10m"
        step name="report" if="always()" run="./report.sh"

        artifact name="wheels" {{
            path "dist/*.whl"
            keep "30d"
        }}
    }}

"""


def write_workflow(lines: int) -> str:
    """A valid workflow of exactly ``lines`` lines, laid out as people lay it out."""
    text, number = (
        'workflow name="large" {\n    on "push" { branches "main" "release/*"; paths "src/**" }\n\n',
        0,
    )
    while (more := text + _job(number)).count("\n") < lines:
        text, number = more, number + 1
    return text + "    // end\n" * (lines - text.count("\n") - 1) + "}\n"


def _job(number: int) -> str:
    job = JOB.format(number=number, needs=f'"job-{number - 1}"')
    return job if number else job.replace('        needs "job--1"\n', "")


def time_command(command: Command) -> float:
    """The milliseconds one run takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


async def _difference(more: Command, less: Command) -> float:
    # The interpreter's start is not the same twice; a difference of two single runs would be mostly noise.
    rounds = [(time_command(less), time_command(more)) for _ in range(3)]
    return min(more for _, more in rounds) - min(less for less, _ in rounds)


async def _budget(milliseconds: float) -> float:
    return milliseconds


def _need_command() -> None:
    if not SOLSTICE.exists():
        raise CannotRun("the `solstice` command is not installed beside this Python: pip install -e .")


@asynccontextmanager
async def open_help(lab: Lab) -> AsyncIterator[Pair]:
    """`solstice --help` against `python -c ""`."""
    _need_command()
    bare = (sys.executable, "-c", "")
    yield Pair(partial(_difference, (SOLSTICE, "--help"), bare), partial(_budget, HELP_BUDGET_MS))


@asynccontextmanager
async def open_check(lab: Lab) -> AsyncIterator[Pair]:
    """`solstice check` against `solstice --help`."""
    _need_command()
    workflow = lab.make_folder("check") / "workflow.kdl"
    workflow.write_text(write_workflow(LINES))
    check, help_ = (SOLSTICE, "check", workflow), (SOLSTICE, "--help")
    yield Pair(partial(_difference, check, help_), partial(_budget, CHECK_BUDGET_MS))


FIGURES = (
    Figure(
        name="help",
        unit="ms",
        subject="solstice --help, beyond a bare interpreter",
        floor=f"the {HELP_BUDGET_MS:.0f} ms it may take",
        goal=1.0,
        rounds=9,
        quick_rounds=5,
        open=open_help,
    ),
    Figure(
        name="check-1000",
        unit="ms",
        subject=f"solstice check of {LINES} lines, beyond --help",
        floor=f"the {CHECK_BUDGET_MS:.0f} ms it may take",
        goal=1.0,
        rounds=9,
        quick_rounds=5,
        open=open_check,
    ),
)
