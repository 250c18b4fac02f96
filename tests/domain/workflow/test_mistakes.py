"""Every mistake an author can make: found once, where it stands, with the way out, alone."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from solstice.domain.diagnostic import Severity, Source, Span
from solstice.domain.workflow import read_workflow

ROOT = Path(__file__).resolve().parents[3]
STEP = 'step run="x"'


@dataclass(frozen=True)
class Case:
    """A text in which ``«`` and ``»`` frame the place of the only mistake."""

    code: str
    marked: str
    hint: str | None = ""
    expected: str | None = None
    warning: bool = False

    @property
    def text(self) -> str:
        return self.marked.replace("«", "").replace("»", "")

    @property
    def span(self) -> Span:
        start = self.marked.index("«")
        return Span(start, self.marked.index("»") - 1)


def top(inside: str) -> str:
    """A workflow with one good job and something beside it."""
    return f'workflow {{\n    {inside}\n    job id="good" {{ {STEP} }}\n}}\n'


def job(inside: str, rest: str = "") -> str:
    """A workflow with a job that does something, holds ``inside`` and may need `good`."""
    return top(f'job id="it" {{ {inside}; {STEP} }}{rest}')


def step(inside: str) -> str:
    return top(f'job id="it" {{ step {inside} }}')


CASES = [
    # the shape of the file
    Case("missing-node", '«workflow» name="x"', "", "job { … }"),
    Case("repeated-node", top("") + '«workflow» { job id="b" script="x" }', "leave one of them out"),
    Case("unknown-node", top("«jobs» { }"), "did you mean `job`?"),
    Case("unknown-node", top("") + "«pipeline»", ""),
    Case("unknown-node", job('step run="y" { «environment» { A 1 } }'), "did you mean `env`?"),
    Case("unknown-property", top('job id="it" «run_on»="x" script="y"'), "did you mean `runs_on`?"),
    Case(
        "unknown-property",
        top('job id="it" «steps»="x" script="y"'),
        "write each step as a `step` of the job",
    ),
    Case("unknown-property", top('job id="it" «matrix»="x" script="y"'), ""),
    Case("unknown-property", job('timeout "1m" «x=1»'), ""),
    Case("unexpected-argument", top('job «"it"» id="b" script="x"'), 'write id="…"'),
    Case("unexpected-argument", top('on "push" «"pull_request"»'), "write one `on` for each"),
    Case("unexpected-argument", job('timeout "1m" «"2m"»'), "leave this one out"),
    Case("unexpected-children", job('«timeout» "1m" { }'), 'write timeout "…"'),
    Case("unexpected-annotation", top("priority «(u8)1»"), "write the value without it"),
    Case("unexpected-annotation", top("(x)«env» { }"), "write the node without it"),
    Case("unexpected-annotation", job('(x)«timeout» "1m"'), "write the node without it"),
    Case("missing-argument", top("«on»"), 'write on "…"'),
    Case("missing-argument", job("«timeout»"), 'write timeout "…"'),
    Case("missing-argument", job("«needs»"), 'write needs "…"'),
    Case("missing-argument", top("env { «A» }"), 'write A "…"'),
    Case("missing-argument", job('matrix { os "a" "b"; «exclude» }'), ""),
    Case("missing-value", top('«job» script="x"'), 'write id="…"'),
    Case("missing-value", step('name="x" { env { A 1 } }').replace("step", "«step»"), 'write run="…"'),
    Case("missing-value", top('«on» "schedule"'), 'write cron="…"'),
    Case(
        "repeated-value",
        top('job id="it" timeout="1m" { «timeout» "2m"; step run="x" }'),
        "leave one of them out",
    ),
    Case(
        "repeated-value", top('job id="it" timeout="1m" «timeout»="2m" script="x"'), "leave one of them out"
    ),
    Case("repeated-value", job('needs "good"; «needs» "good"'), 'write all of them as needs "…" "…"'),
    Case("repeated-node", job("env { A 1 }; «env» { B 1 }"), "leave one of them out"),
    # values
    Case("wrong-type", job("timeout «20»"), 'write "20m" for minutes or "20s" for seconds'),
    Case("wrong-type", job('retries «"3"»'), "write `3` without quotes"),
    Case("wrong-type", top('concurrency group="g" cancel_running=«"yes"»'), "write `#true` without quotes"),
    Case("wrong-type", top('job id=«5» script="x"'), 'write it in quotes: "5"'),
    Case("wrong-type", job("gate «#null»"), ""),
    Case("wrong-type", job("resources memory=«4»"), 'write "4GiB"'),
    Case("wrong-type", top("env { A «#inf» }"), ""),
    Case("empty-text", step('run=«"  "»'), ""),
    Case("unknown-choice", top('on «"pushed"»'), "did you mean `push`?"),
    Case("unknown-choice", job('network «"outbond"»'), "did you mean `outbound`?", '"outbound" or "none"'),
    Case(
        "unknown-choice",
        top('on "pull_request" { types "opened" «"synchronized"» }'),
        "did you mean `synchronize`?",
    ),
    Case("out-of-range", job("retries «99»"), "", "a whole number from 0 to 10"),
    Case("out-of-range", job("resources cpus=«0»"), "", "a whole number from 1 to 1024"),
    Case("single-quotes", step("run=«'make'»"), 'write "make"'),
    Case("unexpected-argument", top('priority 1; job «name:» id="b" script="x"'), 'write id="…"'),
    Case("unexpected-argument", top('job «runs_on:» id="b" script="x"'), 'write runs_on="…"'),
    Case("bad-duration", job('timeout «"3 days"»'), "write `3d`"),
    Case("bad-duration", job('timeout «"20"»'), "write `20m` for minutes or `20s` for seconds"),
    Case("bad-duration", job('timeout «"0m"»'), ""),
    Case("bad-size", job('resources memory=«"4G"»'), "write `4GiB`"),
    Case("bad-size", job('resources disk=«"much"»'), ""),
    Case("bad-cron", top('on "schedule" cron=«"0 3 * *"»').replace('«"', '"«').replace('"»', '»"'), ""),
    Case("bad-cron", top('on "schedule" cron="0 «25» * * *"'), "0 to 23"),
    Case("bad-cron", top('on "schedule" cron="«@daily»"'), 'write "0 0 * * *"'),
    Case("bad-timezone", top('on "schedule" cron="0 3 * * *" timezone=«"Zürich time"»'), ""),
    Case("bad-id", top('job id="my« »job" script="x"'), "write `my_job`"),
    Case("bad-name", top("env { A«-»B 1 }"), "write `A_B`"),
    Case("bad-name", job('secrets "«1»A"'), ""),
    Case("bad-name", step('name=«"a\\u{1b}b"» run="x"'), ""),
    Case("bad-shell", step('shell=«"bash; rm"» run="x"'), ""),
    Case("bad-path", top('job id="it" script=«"../x.sh"»'), "start at the repository's root"),
    Case("bad-path", job('setup path=«"/etc/x"»'), "start at the repository's root"),
    Case("bad-glob", top('on "push" { branches "main" "!rel«[»" }'), ""),
    Case(
        "ambiguous-number",
        job('matrix { python "3.9" «3.10» }'),
        'write "3.10" if it is a name or a version',
        warning=True,
    ),
    Case("reserved-name", top("env { «SOLSTICE_REF» 1 }"), "", warning=True),
    Case("duplicate-name", top("env { A 1; «A» 2 }"), ""),
    Case("duplicate-name", top('on "manual" { input "a"; input «"a"» }'), ""),
    Case(
        "duplicate-name",
        job('artifact name="a" path="x"; artifact name=«"a"» path="y"'),
        "give one `artifact` all the paths",
    ),
    Case("bad-default", top('on "manual" { input "a" default=«"x"» { choices "y" "z" } }'), "", "y, z"),
    Case("bad-default", top('on "manual" { input "a" type="number" default=«"x"» }'), ""),
    Case("bad-default", top('on "manual" { input "a" type="boolean" { choices «1» } }'), ""),
    # jobs and what they need
    Case(
        "duplicate-id",
        top('job id=«"good"» script="x"')
        .replace("«", "")
        .replace("»", "")
        .replace('job id="good" { step', 'job id=«"good"» { step'),
        "",
    ),
    Case("empty-job", top('«job» id="it"'), 'write step run="…" or script="…"'),
    Case(
        "script-and-steps",
        top('job id="it" script=«"x"» { step run="y" }'),
        "run the script as a step of its own",
    ),
    Case("unknown-need", job('needs "good" «"godo"»'), "did you mean `good`?"),
    Case("duplicate-need", job('needs "good" «"good"»'), "leave it out"),
    Case(
        "cycle-in-needs",
        top('job id="a" { needs "b"; step run="x" }\njob id="b" { needs «"a"»; step run="x" }'),
        "take one of these needs away",
    ),
    Case("cycle-in-needs", job('needs «"it"»'), "take one of these needs away"),
    Case("fetch-without-need", job('fetch artifact="a" from=«"good"»'), 'write needs "good"'),
    Case(
        "fetch-without-need", job('needs "good"; fetch artifact="a" from=«"goood"»'), "did you mean `good`?"
    ),
    Case(
        "unknown-artifact",
        top(
            'job id="b" { artifact name="wheels" path="x"; step run="x" }\n'
            'job id="c" { needs "b"; fetch artifact=«"wheel"» from="b"; step run="x" }'
        ),
        "did you mean `wheels`?",
    ),
    # the matrix
    Case("empty-matrix", job("«matrix» { }"), ""),
    Case("empty-matrix", job('«matrix» { os "a"; exclude os="a" }'), ""),
    Case("unknown-axis", job('matrix { python "3"; exclude «pyton»="3" }'), "did you mean `python`?"),
    Case("duplicate-value", job('matrix { os "a" "b" «"a"» }'), "leave it out"),
    Case(
        "matches-nothing",
        job('matrix { v "3.11" "3.12"; exclude v=«3.11» }'),
        'write "3.11" in quotes',
        warning=True,
    ),
    Case(
        "matches-nothing", job('matrix { v 1 2; exclude v=«"1"» }'), "write `1` without quotes", warning=True
    ),
    # expressions
    Case("expression-syntax", job("if \"event «=» 'push'\""), "equality is written `==`"),
    Case("expression-syntax", job('env { A "x «${{» event" }'), None),
    Case("expression-limit", job('if "' + "(" * 40 + "«(»" + "(" * 59 + "1" + ")" * 100 + '"'), None),
    Case(
        "expression-not-allowed",
        step('run="echo «${{ branch }}»"'),
        'put it into the environment (`env { NAME "${{ … }}" }`) and use "$NAME" here',
    ),
    Case("expression-not-allowed", step('name="«${{ branch }}»" run="x"'), "write the value itself here"),
    Case(
        "unknown-context",
        job("if \"«secrets».TOKEN != ''\""),
        "no expression can read a secret; name it in `secrets` and use its variable in the step",
    ),
    Case("unknown-context", job('env { A "${{ «brnch» }}" }'), None),
    Case("unknown-function", job("if \"«startWith»(ref, 'x')\""), "did you mean `startsWith`?"),
    Case("wrong-arguments", job('if "«contains(ref)»"'), ""),
    Case(
        "misplaced-function",
        job("env { A \"${{ «hash('x')» }}\" }"),
        "files exist only after the checkout, in the machine",
    ),
    Case("misplaced-function", job('env { A "${{ «success()» }}" }'), ""),
    Case("misplaced-context", job('runs_on "${{ «matrix».os }}"'), ""),
    Case(
        "misplaced-context",
        job('needs "good"; runs_on "${{ «needs.good.result» }}"'),
        "results and outputs of other jobs are known when the job itself starts",
    ),
    Case("misplaced-context", job("if \"«env».A == ''\"; env { A 1 }"), ""),
    Case("unknown-name", job('matrix { os "a" }; runs_on "${{ matrix.«oss» }}"'), "did you mean `os`?"),
    Case("unknown-name", job("if \"needs.«good».result == ''\""), ""),
    Case("unknown-property", job("if \"ref.«name» == ''\""), ""),
    Case(
        "outputs-of-matrix",
        top(
            'job id="m" { matrix { a 1 2 }; step run="x" }\n'
            'job id="b" { needs "m"; if "«needs.m.outputs.x» == \'\'"; step run="x" }'
        ),
        "which of its combinations would be meant? Keep an artifact instead",
    ),
    Case("unknown-name", job('env { A "say \\"hi\\" \\u{1F600} ${{ inputs.«level» }}" }'), ""),
    # limits
    Case("limit-name", step(f'name=«"{"n" * 129}"» run="x"'), ""),
    Case("limit-name", top(f'job id=«"{"n" * 129}"» script="x"'), ""),
    Case("limit-name", job(f'artifact name=«"{"n" * 129}"» path="x"'), ""),
    Case("bad-name", job('runs_on «"a\\nb"»'), ""),
    Case("limit-timeout", job('timeout «"2d"»'), 'write "1d"'),
    Case("limit-timeout", top('defaults timeout=«"2d"»'), 'write "1d"'),
    Case("limit-steps", top('job id="it" {' + 'step run="x"\n' * 256 + '«step» run="x" }'), ""),
    Case(
        "limit-jobs",
        "workflow {"
        + "".join(f'job id="j{i}" script="x"\n' for i in range(256))
        + '«job» id="z" script="x" }',
        "",
    ),
    Case(
        "limit-jobs",
        job("«matrix» { a 1 2 3 4 5 6 7 8 9 10; b 1 2 3 4 5 6 7 8 9 10; c 1 2 3 }"),
        "take values away from an axis, or split the workflow's work differently",
    ),
    Case("limit-entries", top("«env» {" + "".join(f"A{i} 1\n" for i in range(257)) + "}"), ""),
    Case("limit-entries", job("matrix { a 1 2; " + "exclude a=1\n" * 256 + "«exclude» a=1 }"), ""),
    Case("limit-digits", top("env { A «" + "1" * 1001 + "» }"), None),
    Case("kdl-syntax", top("checkout «true» lfs=#true"), "write `#true`"),
]


def name_case(case: Case) -> str:
    return f"{case.code}-{CASES.index(case)}"


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_a_mistake_is_found_where_it_stands_and_nothing_else(case: Case) -> None:
    source = Source("workflow.kdl", case.text)
    read = read_workflow(source)
    (found,) = read.diagnostics
    assert (found.code, found.span) == (case.code, case.span), source.text[found.span.start : found.span.end]
    assert case.hint is None or found.hint == case.hint
    assert case.expected is None or found.expected == case.expected
    assert found.severity is (Severity.WARNING if case.warning else Severity.ERROR)
    assert (read.workflow is None) is not case.warning
    assert found.message
    assert "\n" not in found.message


DOCUMENTED = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
PLANNING_CODES = {
    "unknown-input",
    "bad-input",
    "missing-input",
    "unknown-label",
    "evaluation-failed",
    "limit-plan",
}


def test_the_list_of_codes_in_the_documentation_is_the_list_the_code_can_emit() -> None:
    domain = ROOT / "src/solstice/domain"
    folders = [*domain.glob("kdl/*.py"), *domain.glob("expression/*.py"), *domain.glob("workflow/*.py")]
    emitted = {
        node.value
        for file in [*folders, domain / "planning.py", domain / "answering.py"]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    emitted -= {"continue-on-error", "working-directory"}
    listed = DOCUMENTED.findall((ROOT / "docs/diagnostics.md").read_text())
    assert sorted(listed) == sorted(emitted)


def test_every_code_has_a_case_here() -> None:
    here = {case.code for case in CASES} | {"limit-file-size", "limit-nesting", "too-many-mistakes"}
    assert set(DOCUMENTED.findall((ROOT / "docs/diagnostics.md").read_text())) - PLANNING_CODES == here
