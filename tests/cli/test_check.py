"""What `solstice check` prints, in which form, and how it exits."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from solstice.cli.check import check, check_command
from solstice.cli.diagnostics import format_text, to_json, to_sarif
from solstice.cli.surroundings import Offer
from solstice.domain.diagnostic import Diagnostic, Severity, Source, Span
from solstice.domain.errors import OperatorMistake
from tests.cli.surroundings import MadeUp
from tests.domain.workflow.examples import CORE

BAD = 'workflow {\n\tjob id="a" run_on="x" {\n\t\tstep run="x" timeout=20\n\t}\n}\n'
Check = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".solstice").mkdir()

    def invoke(*arguments: str, color: bool = False, around: MadeUp | None = None) -> Result:
        return CliRunner().invoke(check_command, list(arguments), color=color, obj=around)

    return invoke


def write(text: str, name: str = ".solstice/workflow.kdl") -> None:
    Path(name).write_text(text)


def test_a_repository_without_mistakes_is_clean(run: Check) -> None:
    write(CORE)
    result = run()
    assert (result.output, result.exit_code) == (".solstice/workflow.kdl: no mistakes\n", 0)


def test_each_mistake_stands_under_its_line_with_what_was_expected_and_a_hint(run: Check) -> None:
    write(BAD)
    result = run()
    assert result.exit_code == 1
    assert (
        result.output
        == """\
.solstice/workflow.kdl:2:13: error[unknown-property]: `job` knows no property `run_on`
  2 |     job id="a" run_on="x" {
    |                ^^^^^^
    = expected: id, runs_on, script, needs, if, timeout, retries, network, secrets, gate, matrix, …
    = hint: did you mean `runs_on`?

.solstice/workflow.kdl:3:24: error[wrong-type]: a number stands here
  3 |         step run="x" timeout=20
    |                              ^^
    = expected: a duration such as "90s", "20m", "1h30m" or "30d"
    = hint: write "20m" for minutes or "20s" for seconds

.solstice/workflow.kdl: 2 mistakes
"""
    )


def test_a_warning_alone_is_no_failure(run: Check) -> None:
    write('workflow { env { SOLSTICE_X 1 }\n job id="a" script="x" }')
    result = run()
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, ".solstice/workflow.kdl: 1 warning")


def test_a_repository_with_only_a_script_is_clean(run: Check) -> None:
    write("echo hello\n", ".solstice/job.sh")
    assert run().output == ".solstice/job.sh: no mistakes\n"


def test_a_file_can_be_named(run: Check) -> None:
    write(CORE, "other.kdl")
    assert run("other.kdl").output == "other.kdl: no mistakes\n"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (".", "there is no workflow in ."),
        ("gone.kdl", "gone.kdl could not be read: no such file or directory"),
    ],
)
def test_what_cannot_be_read_exits_with_2_and_a_remedy(run: Check, path: str, says: str) -> None:
    result = run(path)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "= hint: " in result.stderr
    assert result.stdout == ""


def test_a_path_longer_than_any_name_is_refused_in_a_sentence(run: Check) -> None:
    result = run("x" * 300)
    assert result.exit_code == 2
    assert "could not be read: file name too long" in result.stderr


def test_a_pipe_is_not_waited_for(run: Check) -> None:
    os.mkfifo("pipe")
    assert run("pipe").exit_code == 2


def test_json_is_a_list_of_places_counted_from_1(run: Check) -> None:
    write(BAD)
    result = run("--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.output)[0] == {
        "code": "unknown-property",
        "severity": "error",
        "message": "`job` knows no property `run_on`",
        "file": ".solstice/workflow.kdl",
        "line": 2,
        "column": 13,
        "end_line": 2,
        "end_column": 19,
        "hint": "did you mean `runs_on`?",
    }


def test_json_of_a_clean_file_is_an_empty_list(run: Check) -> None:
    write(CORE)
    assert json.loads(run("--format", "json").output) == []


def test_sarif_names_the_rule_the_place_and_the_unit_of_columns(run: Check) -> None:
    write(BAD)
    log = json.loads(run("--format", "sarif").output)
    (ran,) = log["runs"]
    assert (log["version"], ran["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert ran["tool"]["driver"]["name"] == "solstice"
    first = ran["results"][0]
    assert ran["tool"]["driver"]["rules"][first["ruleIndex"]] == {"id": first["ruleId"]}
    assert (first["level"], first["locations"][0]["physicalLocation"]) == (
        "error",
        {
            "artifactLocation": {"uri": ".solstice/workflow.kdl"},
            "region": {"startLine": 2, "startColumn": 13, "endLine": 2, "endColumn": 19},
        },
    )


def test_colour_only_when_it_is_asked_for(run: Check) -> None:
    write(BAD)
    assert "\x1b[" not in run(color=True).output
    text, _ = check(Path(), colour=True)
    assert "\x1b[1;31merror[unknown-property]\x1b[0m" in text
    assert "\x1b[1;31m^^^^^^\x1b[0m" in text


def test_reading_a_folder_as_a_file_is_the_operators_mistake(run: Check) -> None:
    Path(".solstice/workflow.kdl").mkdir()
    with pytest.raises(OperatorMistake):
        check(Path(".solstice/workflow.kdl"))


def show(text: str, start: int, end: int) -> list[str]:
    return format_text(
        Source("f", text), [Diagnostic("c", "m", Span(start, end))], colour=False
    ).splitlines()[1:3]


@pytest.mark.parametrize(
    ("text", "marked", "line", "carets"),
    [
        ("\ta\tb", "b", "    a   b", "        ^"),
        ("漢字 x", "x", "漢字 x", "     ^"),
        ("漢字 x", "字", "漢字 x", "  ^^"),
        ("e\u0301 x", "x", "e\u0301 x", "  ^"),
        ("👍 x", "x", "👍 x", "   ^"),
        ("a\x1b[31mb", "b", "a\\u{1b}[31mb", "           ^"),
        ("a\u202eb", "b", "a\\u{202e}b", "         ^"),
        ("ab\rcd", "d", "cd", " ^"),
    ],
)
def test_carets_stand_below_what_they_mean(text: str, marked: str, line: str, carets: str) -> None:
    at = text.index(marked)
    shown, below = show(text, at, at + len(marked))
    assert shown.partition(" | ")[2] == line
    assert below.partition(" | ")[2] == carets


def test_a_place_at_the_end_of_the_text_has_a_caret_behind_it() -> None:
    assert show("ab", 2, 2) == ["  1 | ab", "    |   ^"]
    assert show("", 0, 0) == ["  1 | ", "    | ^"]


def test_a_span_over_lines_is_marked_to_the_end_of_its_first() -> None:
    assert show("ab\ncd", 1, 4) == ["  1 | ab", "    |  ^"]


def test_a_very_long_line_is_cut_around_the_mistake() -> None:
    shown, below = show("x" * 5000 + "HERE" + "y" * 5000, 5000, 5004)
    assert len(shown) < 200
    assert shown[below.index("^") : below.rindex("^") + 1] == "HERE"


def test_a_hostile_file_name_and_message_cannot_drive_the_terminal() -> None:
    source = Source("\x1b]0;owned\x07.kdl", "x")
    text = format_text(source, [Diagnostic("c", "\x1b[2J", Span(0, 1), "\x9b1m", "\u2028")], colour=False)
    assert all(char.isprintable() or char == "\n" for char in text)


def test_warnings_and_mistakes_are_counted_apart() -> None:
    mistakes = [
        Diagnostic("c", "m", Span(0, 1)),
        Diagnostic("c", "m", Span(0, 1), severity=Severity.WARNING),
        Diagnostic("c", "m", Span(0, 1), severity=Severity.WARNING),
    ]
    assert format_text(Source("f", "x"), mistakes, colour=False).endswith("f: 1 mistake, 2 warnings")


def test_programs_get_what_was_expected_where_there_is_no_hint() -> None:
    mistakes = [Diagnostic("c", "m", Span(0, 1), "a number")]
    assert to_json(Source("f", "x"), mistakes)[0]["hint"] == "expected a number"
    (result,) = to_sarif(Source("a b.kdl", "x"), mistakes, "1")["runs"][0]["results"]
    assert result["message"]["text"] == "m; expected a number"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.kdl"


def test_checking_loads_neither_the_planner_nor_what_draws(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from solstice.cli.check import check;"
        "check(Path(sys.argv[1]));"
        "print([name for name in sys.modules if name in "
        "('rich', 'asyncio', 'json', 'solstice.domain.plan', 'solstice.domain.expression')])"
    )
    file = tmp_path / "workflow.kdl"
    file.write_text(CORE)
    ran = subprocess.run([sys.executable, "-c", script, file], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


LABELS = """workflow {
    defaults { runs_on "debain-12" }
    job id="a" runs_on="${{ matrix.os }}" { matrix { os "nowhere" }; resources size="huge"; step run="x" }
    job id="b" { step run="x" }
}
"""


def test_a_label_or_a_size_that_this_system_lacks_is_a_mistake(run: Check) -> None:
    write(LABELS)
    found = json.loads(run("--format", "json", around=MadeUp()).output)
    assert [(one["code"], one["line"], one["hint"]) for one in found] == [
        ("unknown-label", 2, "did you mean `debian-12`?"),
        ("unknown-label", 3, "expected one of medium, small"),
    ]


def test_a_default_that_every_job_overrides_is_harmless(run: Check) -> None:
    write(LABELS.replace('id="b"', 'id="b" runs_on="debian-12"').replace("huge", "small"))
    assert run(around=MadeUp()).exit_code == 0


def test_without_an_image_map_labels_are_not_checked_and_that_is_said(run: Check) -> None:
    write(LABELS)
    result = run(around=MadeUp(Offer(complaint="no map\x1b[2J")))
    assert (result.exit_code, result.stdout) == (0, ".solstice/workflow.kdl: no mistakes\n")
    assert result.stderr == "warning: labels and sizes are not checked: no map\\u{1b}[2J\n"


def test_an_image_map_that_was_asked_for_must_be_there(run: Check) -> None:
    write(CORE)
    result = run("--images", "broken", around=MadeUp())
    assert result.exit_code == 2
    assert "there is no image map broken" in result.stderr
