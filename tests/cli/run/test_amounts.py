"""Durations and byte counts read at a glance."""

from datetime import timedelta

import pytest

from solstice.cli.run.amounts import show_bytes, show_duration, show_elapsed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (-3, "0.0s"),
        (4.24, "4.2s"),
        (9.949, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (83, "1m 23s"),
        (3_599.7, "1h 00m"),
        (3_661, "1h 01m"),
        (90_000, "1d 01h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert show_duration(timedelta(seconds=seconds)) == text


def test_no_duration_is_a_dash() -> None:
    assert show_duration(None) == "–"


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0s"), (9.9, "9s"), (75.5, "1m 15s"), (-1, "0s")])
def test_a_growing_time_shows_whole_seconds(seconds: float, text: str) -> None:
    assert show_elapsed(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (999_999, "1.0 MB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_bytes_are_shown_in_the_largest_fitting_unit(size: int, text: str) -> None:
    assert show_bytes(size) == text
