"""Mending after a restore: every verb is tried, and none may cost the job."""

import logging

import pytest

from solstice.agent.mend import Verb, mend, verbs_of
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
    assert list(verbs_of("linux")) == ["randomness", "clock", "hostname", "machine id"]
