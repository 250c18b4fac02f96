"""What doctor found, and what to do about it."""

import json

from solstice.cli.doctor import show_checks
from solstice.domain.checkup import Check, CheckState

FINE = Check("python", CheckState.OK, "3.11.2")
SLOW = Check(
    "kvm", CheckState.WARN, "/dev/kvm cannot be opened", "sudo usermod -aG kvm $USER\nthen log in again"
)
ABSENT = Check("images folder", CheckState.FAIL, "cannot be written", "choose another with --cache-dir")


def test_findings_are_aligned_and_each_remedy_stands_below_its_finding() -> None:
    assert show_checks([FINE, SLOW, ABSENT], as_json=False, colour=False) == (
        "✓ python         3.11.2\n"
        "⚠ kvm            /dev/kvm cannot be opened\n"
        "                 → sudo usermod -aG kvm $USER\n"
        "                   then log in again\n"
        "✕ images folder  cannot be written\n"
        "                 → choose another with --cache-dir\n"
        "\n"
        "jobs cannot run here yet: 1 thing to mend first\n"
    )


def test_the_verdict_follows_the_worst_finding() -> None:
    assert show_checks([FINE], False, False).endswith("\n\njobs can run here\n")
    assert show_checks([FINE, SLOW, SLOW], False, False).endswith(
        "jobs can run here; 2 things could be better\n"
    )


def test_colour_is_only_there_when_asked_for() -> None:
    assert "\x1b" not in show_checks([SLOW], False, colour=False)
    assert show_checks([SLOW], False, colour=True).startswith("\x1b[33m⚠\x1b[0m kvm")


def test_where_only_ascii_can_be_printed_there_is_only_ascii() -> None:
    assert show_checks([FINE, SLOW, ABSENT], False, False, symbols=False).isascii()


def test_a_program_gets_json() -> None:
    text = show_checks([FINE, ABSENT], as_json=True, colour=True)
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "ok": False,
        "checks": [
            {"name": "python", "state": "ok", "found": "3.11.2", "remedy": ""},
            {
                "name": "images folder",
                "state": "fail",
                "found": "cannot be written",
                "remedy": "choose another with --cache-dir",
            },
        ],
    }


def test_a_warning_alone_is_fine_for_a_program() -> None:
    assert json.loads(show_checks([SLOW], True, False))["ok"] is True


def test_what_was_found_cannot_move_the_cursor() -> None:
    text = show_checks([Check("q\x1b[2J", CheckState.FAIL, "a\x07\nb", "c\x1b]0;t\x07d")], False, False)
    assert text.splitlines()[:2] == ["✕ q  a� b", "     → cd"]
