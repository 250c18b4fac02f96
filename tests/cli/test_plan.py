"""What `solstice plan` draws and prints."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from solstice.cli.graph import draw_plan
from solstice.cli.plan import EVENTS, plan_command
from solstice.domain.diagnostic import Source
from solstice.domain.occasion import Whereabouts
from solstice.domain.plan import Occasion, Plan
from solstice.domain.planning import plan
from solstice.domain.workflow import read_workflow
from solstice.domain.workflow.language import EVENTS as EVENTS_OF_THE_LANGUAGE
from tests.cli.surroundings import MadeUp
from tests.domain.workflow.examples import CORE, WHOLE

Run = Callable[..., Result]
CONDITION = "event != 'schedule' || ref == 'refs/heads/main'"


def make(text: str) -> Plan:
    read = read_workflow(Source("w.kdl", text))
    assert read.workflow is not None, read.diagnostics
    planned = plan(read.workflow, Occasion("push", branch="main"), "debian-12")
    assert planned.plan is not None
    return planned.plan


def draw(*jobs: str) -> list[str]:
    """The rows for jobs written as an id and its needs, without what stands right of the names."""
    text = "\n".join(map(write_job, jobs))
    rows = draw_plan(make(f"workflow {{\n{text}\n}}")).splitlines()[2:]
    return [row.partition("  debian")[0].rstrip() for row in rows]


def write_job(job: str) -> str:
    id_, *needs = job.split()
    return f'job id="{id_}" {{ step run="x"' + ("; needs " + " ".join(needs) if needs else "") + " }"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".solstice").mkdir()
    (tmp_path / ".solstice/workflow.kdl").write_text(WHOLE)

    def invoke(*arguments: str, around: MadeUp | None = None) -> Result:
        return CliRunner().invoke(plan_command, list(arguments), obj=around)

    return invoke


def test_jobs_without_needs_stand_below_each_other() -> None:
    assert draw("a", "b") == ["● a", "● b"]


def test_a_chain_steps_to_the_right() -> None:
    assert draw("a", "b a", "c b") == ["● a", "└─● b", "  └─● c"]


def test_lines_fork_and_join() -> None:
    assert draw("a", "b a", "c a", "d b c") == [
        "● a",
        "├─● b",
        "└─│─● c",
        "  └─┴─● d",
    ]


def test_a_lane_is_used_again_when_its_job_is_needed_no_more() -> None:
    assert draw("a", "b a", "c b", "d c", "e a") == [
        "● a",
        "├─● b",
        "└─│─● e",
        "  └─● c",
        "    └─● d",
    ]


def test_the_whole_language_is_drawn_with_its_matrix_conditions_and_gates() -> None:
    assert (
        draw_plan(make(WHOLE))
        == f"""\
ship on push: 6 jobs

● lint         debian-12 · 1 step · 30m · no network
├─● test ×4    if {CONDITION} · 4 steps · 20m · size medium · 2 cpus · 4GiB memory
│ │   · test-debian-12-3.11  debian-12
│ │   · test-debian-12-3.12  debian-12
│ │   · test-freebsd-14-3.12  freebsd-14
│ │   · test-debian-12-3.13  debian-12
└─┴─◆ publish  debian-12 · if success() && tag != '' · gate "release" · 1 step · 30m · no network

left to a server:
  schedule "30 2 * * mon-fri" (Europe/Zurich)
  concurrency group "${{{{ workflow }}}}-${{{{ ref }}}}"
  priority 5
  gate "release" before publish"""
    )


def test_a_large_matrix_is_cut() -> None:
    numbers = " ".join(map(str, range(40)))
    drawn = draw_plan(make(f'workflow {{ job id="t" {{ matrix {{ n {numbers} }}; step run="x" }} }}'))
    assert drawn.splitlines()[-1].strip() == "· … and 28 more"


def test_a_graph_too_wide_to_follow_names_its_needs() -> None:
    names = [f"j{number}" for number in range(30)]
    jobs = "\n".join(map(write_job, [*names, "end " + " ".join(names)]))
    last = draw_plan(make(f"workflow {{\n{jobs}\n}}")).splitlines()[-1]
    assert last.startswith("● end  debian-12 · needs j0, j1, j2, ")


def test_what_the_author_wrote_cannot_drive_the_terminal() -> None:
    text = 'workflow { job id="a" { if "\'\\u{1b}[2J\\u{202e}\' == \'\'"; step run="x" } }'
    drawn = draw_plan(make(text))
    assert "\\u{1b}[2J\\u{202e}" in drawn
    assert all(char.isprintable() or char == "\n" for char in drawn)


def test_the_command_draws(run: Run) -> None:
    result = run("--branch", "main")
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "ship on push: 6 jobs")


def test_a_skipped_workflow_says_why(run: Run) -> None:
    result = run("--branch", "topic")
    assert result.exit_code == 0
    assert result.output == (
        'ship on push: skipped, because branch "topic" does not pass branches "main" "release/*"\n'
    )


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"]])
def test_the_plan_as_json(run: Run, option: list[str]) -> None:
    record = json.loads(run("--tag", "v1", *option).output)
    assert (record["workflow"], record["occasion"]["ref"], len(record["jobs"])) == ("ship", "refs/tags/v1", 6)


def test_answers_changed_paths_and_labels_reach_the_plan(run: Run) -> None:
    manual = json.loads(run("--event", "manual", "--input", "level=minor", "--json").output)
    assert manual["occasion"]["inputs"] == [["level", "minor"], ["dry", False]]
    assert "none of which passes paths" in run("--changed", "README.md").output
    assert "has no label" in run("--event", "pull_request").output
    assert "6 jobs" in run("--event", "pull_request", "--label", "ci").output


def test_a_bad_answer_is_shown_and_fails(run: Run) -> None:
    result = run("--event", "manual", "--input", "level=huge")
    assert result.exit_code == 1
    assert "error[bad-input]: `huge` is no answer to input `level`" in result.output
    assert run("--input", "level").exit_code == 2


def test_mistakes_in_the_file_are_shown_as_by_check(run: Run) -> None:
    Path(".solstice/workflow.kdl").write_text("workflow { }")
    assert "error[missing-node]" in run().output
    (found,) = json.loads(run("--json").output)
    assert found["code"] == "missing-node"


def test_a_repository_with_only_a_script_is_one_job(run: Run) -> None:
    Path(".solstice/workflow.kdl").unlink()
    Path(".solstice/job.sh").write_text("echo\n")
    assert run().output.splitlines()[2] == "● job  debian-12 · 1 step · 1h"
    assert run("gone").exit_code == 2


def test_the_core_is_drawn() -> None:
    assert draw_plan(make(CORE)).splitlines()[2:] == [
        "● linux    debian-12 · 3 steps · 1h",
        "● illumos  illumos-latest · 1 step · 1h",
    ]


def test_every_event_of_the_language_can_be_planned() -> None:
    assert EVENTS == EVENTS_OF_THE_LANGUAGE


def test_the_plan_is_for_where_the_repository_stands_unless_a_branch_is_named(run: Run) -> None:
    around = MadeUp(place=Whereabouts("ship", "release/2", "ab" * 20, "Ada"))
    planned = json.loads(run("--json", around=around).output)["occasion"]
    assert (planned["ref"], planned["sha"], planned["repo"], planned["actor"]) == (
        "refs/heads/release/2",
        "ab" * 20,
        "ship",
        "Ada",
    )
    assert 'branch "topic" does not pass' in run("--branch", "topic", around=around).output


def test_a_label_this_system_lacks_is_refused_also_where_an_expression_gives_it(run: Run) -> None:
    Path(".solstice/workflow.kdl").write_text(
        'workflow { job id="a" { matrix { os "debain-12" }; runs_on "${{ matrix.os }}"; step run="x" } }'
    )
    result = run(around=MadeUp())
    assert result.exit_code == 1
    assert "error[unknown-label]: this system has nothing called `debain-12`" in result.output


def test_jobs_without_a_label_get_the_image_maps(run: Run) -> None:
    Path(".solstice/workflow.kdl").write_text('workflow { job id="a" { step run="x" } }')
    assert "● a  freebsd-14" in run(around=MadeUp()).output
    assert "● a  debian-12" in run("--default-label", "debian-12", around=MadeUp()).output
