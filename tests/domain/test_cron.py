"""The five fields of a schedule."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.domain.cron import BadCron, check_cron


@pytest.mark.parametrize(
    "text",
    ["0 3 * * 1-5", "*/15 * * * *", "0 0 1,15 jan-mar sun", "5/10 23 31 12 7", "0  3\t* * MON,WED-FRI/2"],
)
def test_a_schedule_is_five_fields(text: str) -> None:
    check_cron(text)


@pytest.mark.parametrize(
    ("text", "fault", "message"),
    [
        ("0 3 * *", "0 3 * *", "a schedule has five fields, this has 4"),
        ("0 24 * * *", "24", "`24` is out of range in the field hour"),
        ("60 3 * * *", "60", "`60` is out of range in the field minute"),
        ("0 3 0 * *", "0", "`0` is out of range in the field day of the month"),
        ("0 3 * foo *", "foo", "`foo` is not known in the field month"),
        ("0 3 * * 5-1", "5-1", "`5-1` ends before it begins in the field day of the week"),
        ("*/0 3 * * *", "*/0", "`*/0` has a bad step in the field minute"),
        ("1,,2 3 * * *", "1,,2", "`` is not known in the field minute"),
        ("@daily", "@daily", "nicknames are not read"),
    ],
)
def test_the_field_at_fault_is_framed(text: str, fault: str, message: str) -> None:
    with pytest.raises(BadCron) as bad:
        check_cron(text)
    assert str(bad.value) == message
    assert text[bad.value.offset :][: bad.value.length] == fault


@given(st.text("0123456789*/,- @janmon", max_size=30))
def test_any_text_is_a_schedule_or_a_bad_one(text: str) -> None:
    with suppress(BadCron):
        check_cron(text)
