"""Checks of what reads a workflow file: our own file, broken copies of it, and noise."""

from pathlib import Path
from random import Random

from solstice.domain.diagnostic import Source
from solstice.domain.kdl import parse
from solstice.domain.matrix import same_value
from solstice.domain.workflow.reader import read_workflow

FILE = Path(__file__).with_name("workflow.kdl")
ALPHABET = "abc{}()\"'\\#/-*=;:.0123456789 \n\t\r\0é\u2028\ufeff𝄞"


def check_our_own_workflow_has_no_mistake() -> None:
    read = read_workflow(Source(FILE.name, FILE.read_text("utf-8")))
    assert read.diagnostics == (), read.diagnostics
    assert read.workflow is not None
    assert [job.id for job in read.workflow.jobs] == ["house", "test", "summary"]


def check_every_broken_copy_gives_mistakes_that_lie_inside_the_text() -> None:
    random, text = Random(12), FILE.read_text("utf-8")
    for _ in range(4):
        broken = _damage(text, random)
        for mistake in read_workflow(Source("broken.kdl", broken)).diagnostics:
            assert 0 <= mistake.span.start <= mistake.span.end <= len(broken), (mistake, broken)
            assert mistake.code
            assert mistake.message


def check_noise_is_read_without_an_exception() -> None:
    random = Random(7)
    for length in range(0, 160, 16):
        noise = "".join(random.choice(ALPHABET) for _ in range(length))
        assert parse(noise).version in (1, 2)


def check_a_wrong_word_is_named_with_the_right_one() -> None:
    text = 'workflow name="x" {\n    job id="a" runs_one="debian-12" { step run="true" }\n}\n'
    (mistake,) = read_workflow(Source("x.kdl", text)).diagnostics
    place = Source("x.kdl", text).place(mistake.span.start)
    assert (place.line, place.column) == (2, 16), place
    assert "runs_on" in mistake.hint


def check_a_matrix_without_end_is_refused_before_it_is_unrolled() -> None:
    axes = "\n".join(f"a{axis} {' '.join(str(value) for value in range(40))}" for axis in range(12))
    text = f'workflow name="x" {{\n job id="a" {{\n matrix {{\n{axes}\n}}\n step run="true"\n}}\n}}\n'
    read = read_workflow(Source("x.kdl", text))
    assert read.workflow is None
    assert read.diagnostics


def check_a_number_is_the_same_value_however_it_is_written() -> None:
    assert same_value(1, 1.0)
    assert not same_value(1, "1")
    assert not same_value(1, True)


def check_lines_and_columns_are_right_for_every_line_end() -> None:
    source = Source("x", "a\r\nbc\rd\n\u00e9f")
    places = [source.place(offset) for offset in range(len(source.text) + 1)]
    assert [(place.line, place.column) for place in places[:4]] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert places[-1].line == 4
    assert places[-1].column == 3


def _damage(text: str, random: Random) -> str:
    start = random.randrange(len(text))
    end = min(len(text), start + random.randrange(12))
    put = "".join(random.choice(ALPHABET) for _ in range(random.randrange(4)))
    return text[:start] + put + text[end:]
