"""Durations and sizes as people write them."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solstice.domain.quantity import BadQuantity, format_duration, format_size, parse_duration, parse_size

ORDER = "write whole numbers, each with w, d, h, m or s, the largest first"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("30d", 2_592_000), ("2w1d", 1_296_000)],
)
def test_a_duration_is_numbers_with_units(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("20", "write `20m` for minutes or `20s` for seconds"),
        ("3 days", "write `3d`"),
        ("10min", "write `10m`"),
        ("1 hour", "write `1h`"),
        ("1H", "write it in lower case without spaces"),
        ("30m1h", ORDER),
        ("1h 30m", "write it in lower case without spaces"),
        ("", ""),
        ("h", ORDER),
        ("1.5h", ORDER),
        ("-1h", ORDER),
        ("٣h", ORDER),
        ("9999999d", ""),
        ("0s", ""),
        ("1" * 100 + "s", ""),
    ],
)
def test_what_is_no_duration_is_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(BadQuantity) as bad:
        parse_duration(text)
    assert bad.value.hint == hint


@given(st.integers(1, 3650 * 86_400))
def test_a_duration_written_back_is_the_same_duration(seconds: int) -> None:
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512MiB", 512 << 20),
        ("4GiB", 4 << 30),
        ("1.5TiB", 3 << 39),
        ("10GB", 10**10),
        ("1kB", 1000),
        ("7B", 7),
        ("4 GiB", 4 << 30),
    ],
)
def test_a_size_is_a_number_with_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("4G", "write `4GiB`"),
        ("4gb", "write `4GiB`"),
        ("512m", "write `512MiB`"),
        ("4", "write `4GiB`"),
        ("much", ""),
        ("", ""),
        ("0GiB", ""),
        ("-1GiB", ""),
        ("1.GiB.", ""),
        ("9" * 30 + "TiB", ""),
        ("9" * 80 + "TiB", ""),
    ],
)
def test_what_is_no_size_is_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(BadQuantity) as bad:
        parse_size(text)
    assert bad.value.hint == hint


@given(st.integers(1, 1 << 50))
def test_a_size_written_back_is_the_same_size(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.text(max_size=20))
def test_any_text_is_a_quantity_or_a_bad_one(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with suppress(BadQuantity):
            parse(text)
