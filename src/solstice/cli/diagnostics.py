"""How mistakes in a workflow are shown: to a person with a caret under each, as JSON, as SARIF."""

from collections.abc import Sequence
from typing import Any

from solstice.cli.terminal import show, show_line
from solstice.domain.diagnostic import Diagnostic, Severity, Source

_WINDOW = 160
"""Characters of a line that are shown; a longer line is cut around the mistake."""
_LONGEST_LIST = 90
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33"}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def format_text(source: Source, diagnostics: Sequence[Diagnostic], *, colour: bool) -> str:
    """Each mistake with its line, carets below, what was expected and a hint; a count at the end."""
    blocks = [_format_one(source, diagnostic, colour=colour) for diagnostic in diagnostics]
    return "\n".join([*blocks, f"{show(source.file)}: {describe_count(diagnostics)}"])


def describe_count(diagnostics: Sequence[Diagnostic]) -> str:
    """How many mistakes there are, in words."""
    errors = sum(1 for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
    warnings = len(diagnostics) - errors
    words = [_count(errors, "mistake")] if errors or not warnings else []
    words += [_count(warnings, "warning")] if warnings else []
    return ", ".join(words)


def to_json(source: Source, diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Lines and columns from 1, columns in code points, the end behind the last character."""
    return [_to_object(source, diagnostic) for diagnostic in diagnostics]


def to_sarif(source: Source, diagnostics: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "solstice",
                        "version": version,
                        "rules": [{"id": code} for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_to_result(source, diagnostic, codes) for diagnostic in diagnostics],
            }
        ],
    }


def _format_one(source: Source, diagnostic: Diagnostic, *, colour: bool) -> str:
    place = source.place(diagnostic.span.start)
    tint = _COLOURS[diagnostic.severity] if colour else ""
    line, start = source.line(place.line), place.column - 1
    end = min(start + diagnostic.span.end - diagnostic.span.start, len(line))
    cut = max(0, start - _WINDOW // 2) if len(line) > _WINDOW else 0
    shown, blanks, carets = show_line(line[cut : cut + _WINDOW], (start - cut, min(end - cut, _WINDOW)))
    gutter = " " * len(str(place.line))
    dots = "… " if cut else ""
    head = _tint(f"{diagnostic.severity.value}[{diagnostic.code}]", tint)
    lines = [
        f"{show(source.file)}:{place.line}:{place.column}: {head}: {show(diagnostic.message)}",
        f"  {place.line} | {dots}{shown}{' …' if cut + _WINDOW < len(line) else ''}",
        f"  {gutter} | {' ' * len(dots)}{blanks}{_tint(carets, tint)}",
    ]
    if diagnostic.expected:
        lines.append(f"  {gutter} = expected: {_shorten(show(diagnostic.expected))}")
    if diagnostic.hint:
        lines.append(f"  {gutter} = hint: {show(diagnostic.hint)}")
    return "\n".join((*lines, ""))


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_LIST else text[: text.rfind(" ", 0, _LONGEST_LIST)] + " …"


def _tint(text: str, colour: str) -> str:
    return f"\x1b[1;{colour}m{text}\x1b[0m" if colour else text


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _to_object(source: Source, diagnostic: Diagnostic) -> dict[str, Any]:
    start, end = source.place(diagnostic.span.start), source.place(diagnostic.span.end)
    expected = f"expected {diagnostic.expected}" if diagnostic.expected else ""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": source.file,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "hint": diagnostic.hint or expected,
    }


def _to_result(source: Source, diagnostic: Diagnostic, codes: Sequence[str]) -> dict[str, Any]:
    from urllib.parse import quote

    start, end = source.place(diagnostic.span.start), source.place(diagnostic.span.end)
    parts = (diagnostic.message, diagnostic.expected and f"expected {diagnostic.expected}", diagnostic.hint)
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity.value,
        "message": {"text": "; ".join(part for part in parts if part)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(source.file.removeprefix("./"))},
                    "region": {
                        "startLine": start.line,
                        "startColumn": start.column,
                        "endLine": end.line,
                        "endColumn": end.column,
                    },
                }
            }
        ],
    }
