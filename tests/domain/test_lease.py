"""A lease: how long it holds, and what it knows of credentials."""

from datetime import timedelta

from tests.builders import NOON, lease

TTL = timedelta(seconds=60)


def test_a_lease_is_over_from_its_very_deadline_on() -> None:
    held = lease(minutes_left=1)
    assert not held.is_over(NOON + timedelta(seconds=59))
    assert held.is_over(NOON + timedelta(seconds=60))


def test_renewing_pushes_the_deadline_but_brings_nothing_back() -> None:
    held = lease(minutes_left=1)
    assert held.renew(NOON, TTL * 2).expires_at == NOON + TTL * 2
    late = NOON + timedelta(seconds=60)
    assert held.renew(late, TTL) is held


def test_a_token_is_used_up_by_its_session() -> None:
    used = lease(token="t").exchange("s")
    assert (used.token, used.session) == ("", "s")
