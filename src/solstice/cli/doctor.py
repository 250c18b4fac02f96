"""How `solstice doctor` shows what it found: for a person, or as JSON for a program."""

import json
from collections.abc import Sequence

from solstice.cli.run.ansi import clean_words
from solstice.cli.run.style import Look, Style, measure, pad
from solstice.domain.checkup import Check, CheckState

_LOOKS = {CheckState.OK: Look.SUCCEEDED, CheckState.WARN: Look.WARNING, CheckState.FAIL: Look.FAILED}


def show_checks(checks: Sequence[Check], as_json: bool, colour: bool, symbols: bool = True) -> str:
    """Write one line a check, its remedy below it, and a verdict.

    As JSON: ``{"ok": …, "checks": [{"name", "state", "found", "remedy"}]}`` in one line.
    """
    if as_json:
        return _write_json(checks)
    style = Style(colour, symbols)
    width = max((measure(clean_words(check.name)) for check in checks), default=0)
    lines = [line for check in checks for line in _show_check(check, width, style)]
    return "".join(f"{line}\n" for line in [*lines, "", _show_verdict(checks, style)])


def _write_json(checks: Sequence[Check]) -> str:
    entries = [
        {"name": check.name, "state": check.state.value, "found": check.found, "remedy": check.remedy}
        for check in checks
    ]
    fine = all(check.state is not CheckState.FAIL for check in checks)
    return json.dumps({"ok": fine, "checks": entries}) + "\n"


def _show_check(check: Check, width: int, style: Style) -> list[str]:
    look = _LOOKS[check.state]
    lines = [
        f"{style.symbol(look)} {pad(clean_words(check.name), width)}  {clean_words(check.found)}".rstrip()
    ]
    if check.remedy:
        arrow = "→" if style.symbols else "->"
        # A remedy may be several commands: each keeps its own line.
        first, *others = [clean_words(line) for line in check.remedy.strip().split("\n")]
        gap = " " * (width + 4)
        lines.append(f"{gap}{arrow} {first}")
        lines += [f"{gap}{' ' * len(arrow)} {line}" for line in others]
    return lines


def _show_verdict(checks: Sequence[Check], style: Style) -> str:
    failed = sum(check.state is CheckState.FAIL for check in checks)
    warned = sum(check.state is CheckState.WARN for check in checks)
    if failed:
        return style.state(f"jobs cannot run here yet: {_count(failed, 'thing')} to mend first", Look.FAILED)
    if warned:
        return style.state(f"jobs can run here; {_count(warned, 'thing')} could be better", Look.WARNING)
    return style.state("jobs can run here", Look.SUCCEEDED)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
