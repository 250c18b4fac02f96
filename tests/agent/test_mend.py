"""Mending after a restore: every verb is tried, and none may cost the job."""

import logging
import random
import shutil
from pathlib import Path

import pytest

from solstice.agent.mend import Verb, mend, rename_host, renew_host_keys, verbs_of
from solstice.wire.handshake import Prepare

WORDS = Prepare(time=1.0, entropy=b"e" * 32, hostname="guest", machine_id="0" * 32, token="")


def test_a_verb_that_fails_is_told_and_the_next_is_tried(caplog: pytest.LogCaptureFixture) -> None:
    applied: list[str] = []

    def fail(words: Prepare) -> None:
        raise PermissionError("not root")

    verbs: dict[str, Verb] = {"clock": fail, "hostname": lambda words: applied.append(words.hostname)}
    with caplog.at_level(logging.WARNING):
        mend(WORDS, verbs)
    assert applied == ["guest"]
    assert "cannot mend the machine's clock: not root" in caplog.text


def test_a_system_without_verbs_is_left_as_it_is() -> None:
    assert verbs_of("sunos5") == {}
    assert list(verbs_of("linux")) == [
        "randomness",
        "Python's randomness",
        "clock",
        "hostname",
        "machine id",
        "SSH host keys",
    ]


def test_what_the_template_would_draw_next_is_not_drawn_by_a_clone() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    mend(WORDS, {"randomness": verbs_of("linux")["Python's randomness"]})
    assert random.random() != expected


@pytest.mark.parametrize("old", ["", "ssh_host_rsa_key"])
def test_a_machine_with_host_keys_gets_its_own_and_one_without_gets_none(tmp_path: Path, old: str) -> None:
    if old:
        if not shutil.which("ssh-keygen"):
            pytest.skip("no ssh-keygen")
        (tmp_path / old).write_text("that of the template")
        (tmp_path / f"{old}.pub").write_text("that of the template")
    assert renew_host_keys(tmp_path) == bool(old)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == ({"ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"} if old else set())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("127.0.1.1 one\n", "127.0.1.1 two\n"),
        ("127.0.1.1\tone.example one", "127.0.1.1\tone.example two"),
        ("127.0.0.1 someone one-more", "127.0.0.1 someone one-more\n127.0.1.1 two\n"),
        ("127.0.0.1 two\n", "127.0.0.1 two\n"),
        ("", "127.0.1.1 two\n"),
    ],
)
def test_the_hosts_file_goes_with_the_name(before: str, after: str) -> None:
    assert rename_host(before, "one", "two") == after
