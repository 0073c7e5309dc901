"""Figures in the one style in which people see them."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.results.numerals import (
    rate_of_rate,
    show_byte_rate,
    show_factor,
    show_rate,
    show_share,
    show_size,
    show_time,
    show_times,
    unbroken,
    visible,
    whole_share,
    whole_shares,
)
from rolloutsim.units import parse_time


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (None, "–"), (0.0, "0 s"), (0.000123, "0.123 ms"), (0.00318, "3.18 ms"), (0.01, "0.0100 s"), (0.506, "0.506 s"),
        (0.9996, "1.00 s"), (5.1, "5.10 s"), (9.996, "10.0 s"), (66.27, "66.3 s"), (599.4, "599 s"), (599.6, "10m"),
        (750.0, "12m30s"), (3723.0, "1h2m3s"), (172_799.0, "47h59m59s"), (8_017_920.0, "92.8 d"),
        (2.8867e13, "334000000 d"),
    ],
)  # fmt: skip
def test_times(time: float | None, shown: str) -> None:
    assert show_time(time) == shown


@given(st.floats(1e-6, 9e10))
def test_a_shown_time_can_be_read_again(time: float) -> None:
    assert parse_time(show_time(time)) == pytest.approx(time, rel=6e-3)


@pytest.mark.parametrize(
    ("times", "shown"),
    [
        ([0.821, 3.05, 47.0, 62.8], ["0.821 s", "3.05 s", "47.0 s", "62.8 s"]),
        ([98.8, 1786.0, 0.2, 0.0], ["1m39s", "29m46s", "<1s", "0m00s"]),
        ([4364.0, 59.6, None], ["1h12m44s", "0h01m00s", "–"]),
        ([388.0, 0.00213, 0.00001], ["388 s", "0.0021 s", "<0.0001 s"]),
        ([0.002, 0.0098], ["2.00 ms", "9.80 ms"]), ([0.0187, 0.00875], ["0.0187 s", "0.0088 s"]),
        ([985_000.0, 44_800.0], ["11.4 d", "0.519 d"]), ([62.8, -1.99], ["62.8 s", "-1.99 s"]),
        ([1200.0, -90.0], ["20m00s", "-1m30s"]), ([0.0], ["0 s"]), ([None], ["–"]),
    ],
)  # fmt: skip
def test_times_below_each_other_have_one_unit(times: list[float | None], shown: list[str]) -> None:
    assert [show_times(times)(time) for time in times] == shown


def test_units_do_not_break_off() -> None:
    said = "takes 62.8 s, 4.15 ± 0.25 s, 94 % of 1 Gbit/s; max < 60 s of 20 nodes in 3 dozen"
    found = "takes 62.8_s, 4.15_±_0.25_s, 94_% of 1_Gbit/s; max <_60_s of 20 nodes in 3 dozen"
    assert unbroken(said) == found.replace("_", "\u00a0")


def test_sizes_and_rates_have_three_digits_at_most() -> None:
    assert [show_size(size) for size in (0.0, 16e6, 3.97e6, 118.86e9, 999.6e6)] == [
        "0 B", "16 MB", "3.97 MB", "119 GB", "1 GB",
    ]  # fmt: skip
    assert [show_rate(rate) for rate in (125e6, 5.5375e6, 1e12 / 8)] == ["1 Gbit/s", "44.3 Mbit/s", "1 Tbit/s"]


def test_a_rate_that_is_written_in_mebibytes_is_shown_in_mebibytes() -> None:
    rates = (135e6, 2**20 * 250.0, 2**20 * 1000.0, 3e9, 123_456_789.0)
    assert [show_byte_rate(rate) for rate in rates] == ["135 MB/s", "250 MiB/s", "1000 MiB/s", "3 GB/s", "123 MB/s"]


def test_factors_and_shares() -> None:
    assert [show_factor(factor) for factor in (None, 1.0, 2.104, 54.2, 1303.4)] == [
        "–", "1.00×", "2.10×", "54.2×", "1300×",
    ]  # fmt: skip
    assert [show_share(share) for share in (0.417, 0.00361, 1.0)] == ["41.7 %", "0.361 %", "100 %"]


def test_whole_shares_are_neither_nothing_nor_all_by_rounding() -> None:
    shares = (0.0, 0.002, 0.0051, 0.48, 0.994, 0.998, 1.0)
    assert [whole_share(share) for share in shares] == ["0 %", "under 1 %", "1 %", "48 %", "99 %", "over 99 %", "100 %"]


def test_parts_of_a_whole_add_up() -> None:
    # Rounded one by one 89.4, 10.5 and 0.6 would be 89, 11 (10 if to even) and 1; the largest remainders are .6 and .5.
    assert whole_shares([0.885, 0.109, 0.006]) == [88, 11, 1]
    assert whole_shares([]) == []


@given(st.lists(st.floats(0.001, 1e3), min_size=1, max_size=9))
def test_parts_add_up_to_100_and_none_is_off_by_one(parts: list[float]) -> None:
    shares = [part / sum(parts) for part in parts]
    whole = whole_shares(shares)
    assert sum(whole) == 100
    assert all(abs(a - 100 * b) < 1.0 + 1e-9 for a, b in zip(whole, shares, strict=True))


def test_a_rate_beside_its_line_rate() -> None:
    pairs = ((6.25e6, 125e6), (1.825e6, 1250e6), (1.34e-6, 125e6), (1250e6, 1250e6))
    assert [rate_of_rate(used, whole) for used, whole in pairs] == [
        "50 of 1000 Mbit/s", "14.6 of 10000 Mbit/s", "0.0000107 bit/s of 1 Gbit/s", "10 of 10 Gbit/s",
    ]  # fmt: skip


def test_an_infinite_figure_is_no_crash() -> None:
    assert show_factor(inf) == "inf×"


def test_control_characters_are_written_out() -> None:
    assert visible("a\x1b[31m\x07\x85é\n") == r"a\x1b[31m\x07\x85é\x0a"
    assert visible("a\n\tb\r", keep="\n\t") == "a\n\tb" + r"\x0d"
