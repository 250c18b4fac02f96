"""Examples in docstrings and documents are true: they run, or at least they parse."""

import doctest
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePosixPath

import pytest

from solstice.domain.diagnostic import Source
from solstice.domain.kdl import parse
from solstice.domain.workflow.reader import read_workflow
from tools.house.source import ROOT, Module, list_files, read_modules

BLOCK = re.compile(
    r"^(?P<note><!-- example: broken -->\n+)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
"""A fenced block; the note before it says that the example shows a mistake."""

IN_GUEST_ONLY = {"agent": "grpclib"}
"""A room whose modules may need a library that is in the guest's zipapp only."""


@dataclass(frozen=True, slots=True)
class Example:
    """One fenced block of a document."""

    file: PurePosixPath
    line: int
    language: str
    text: str
    broken: bool


LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)|<img [^>]*src=\"(?!https?:)([^\"]+)")
"""A relative link or picture of a document."""


def find_dead_links(file: PurePosixPath, text: str) -> list[str]:
    targets = [found[1] or found[2] for found in LINK.finditer(text)]
    return [target for target in targets if not (ROOT / file.parent / target).exists()]


def read_examples(file: PurePosixPath, text: str) -> Iterator[Example]:
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Example(file, line, found["language"], found["text"], bool(found["note"]))


def judge(example: Example) -> str:
    """Why the example is wrong; "" if it is right (or shows the mistake it promises)."""
    try:
        fault = JUDGES[example.language](example)
    except (SyntaxError, ValueError) as error:
        fault = str(error)
    if example.broken:
        return "" if fault else "is marked as broken but has no mistake"
    return fault


def _judge_kdl(example: Example) -> str:
    source = Source(str(example.file), example.text)
    if re.search(r"^workflow\b", example.text, re.M):
        mistakes = read_workflow(source).diagnostics
    else:
        mistakes = parse(example.text).mistakes
    return "; ".join(
        f"line {source.place(mistake.span.start).line}: {mistake.message}" for mistake in mistakes
    )


def _judge_python(example: Example) -> str:
    compile_only = ">>>" not in example.text
    if compile_only:
        compile(example.text, str(example.file), "exec")
        return ""
    test = doctest.DocTestParser().get_doctest(example.text, {}, "example", str(example.file), example.line)
    result = doctest.DocTestRunner(verbose=False).run(test)
    return f"{result.failed} wrong" if result.failed else ""


def _judge_toml(example: Example) -> str:
    tomllib.loads(example.text)
    return ""


def _judge_json(example: Example) -> str:
    json.loads(example.text)
    return ""


JUDGES = {"kdl": _judge_kdl, "python": _judge_python, "toml": _judge_toml, "json": _judge_json}

EXAMPLES = [
    example
    for file in list_files()
    if file.suffix == ".md"
    for example in read_examples(file, (ROOT / file).read_text("utf-8"))
    if example.language in JUDGES
]

DOCTESTED = [module for module in read_modules("src/solstice") if ">>> " in module.text]


@pytest.mark.parametrize("file", [file for file in list_files() if file.suffix == ".md"], ids=str)
def test_every_link_of_a_document_leads_somewhere(file: PurePosixPath) -> None:
    assert find_dead_links(file, (ROOT / file).read_text("utf-8")) == []


def test_a_dead_link_is_found() -> None:
    text = '[a](gone.md#part) [b](../README.md) [c](https://example.org) <img src="gone.svg">'
    assert find_dead_links(PurePosixPath("docs/x.md"), text) == ["gone.md", "gone.svg"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.file}:{example.line}")
def test_every_example_in_a_document_is_right(example: Example) -> None:
    assert judge(example) == ""


@pytest.mark.parametrize("module", DOCTESTED, ids=lambda module: ".".join(module.parts))
def test_every_example_in_a_docstring_is_right(module: Module) -> None:
    library = IN_GUEST_ONLY.get(module.room)
    if library and library in module.text and find_spec(library) is None:
        pytest.skip(f"{library} is in the guest only")
    result = doctest.testmod(importlib.import_module(".".join(("solstice", *module.parts))))
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("kdl", 'workflow name="x" { job id="a" { stepp run="true" } }\n'),
        ("kdl", 'cache "x {\n'),
        ("python", "def f(:\n"),
        ("python", ">>> 1 + 1\n3\n"),
        ("toml", "a = \n"),
        ("json", "{'a': 1}\n"),
    ],
)
def test_a_wrong_example_is_found(language: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = read_examples(PurePosixPath("x.md"), f"Say:\n\n```{language}\n{text}```\n")
    assert judge(example)
    (marked,) = read_examples(PurePosixPath("x.md"), f"<!-- example: broken -->\n```{language}\n{text}```\n")
    assert judge(marked) == ""
    capsys.readouterr()


def test_a_broken_example_that_is_right_is_found() -> None:
    (marked,) = read_examples(PurePosixPath("x.md"), "<!-- example: broken -->\n```json\n{}\n```\n")
    assert judge(marked)
