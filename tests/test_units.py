"""Quantities: what users write, and what they get back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.units import (
    Kind,
    QuantityError,
    exact_text,
    format_byte_rate,
    format_rate,
    format_share,
    format_size,
    format_time,
    parse,
    parse_rate,
    parse_share,
    parse_size,
    parse_time,
    plain_text,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("size", "346 MB", 346_000_000),
        ("size", "3.97 MB", 3_970_000),
        ("size", "3.97MB", 3_970_000),
        ("size", " 1.5 GB ", 1_500_000_000),
        ("size", "250 MiB", 250 * 2**20),
        ("size", "250Mi", 250 * 2**20),
        ("size", "2 TiB", 2 * 2**40),
        ("size", "491583 B", 491_583),
        ("size", "1e3 kB", 1_000_000),
        ("size", ".5 kB", 500),
        ("rate", "1 Gbit/s", 125_000_000),
        ("rate", "10 Gbps", 1_250_000_000),
        ("rate", "10Gbps", 1_250_000_000),
        ("rate", "125 MB/s", 125_000_000),
        ("rate", "125 MiB/s", 125 * 2**20),
        ("rate", "625000000 B/s", 625_000_000),
        ("rate", "8 bit/s", 1),
        ("rate", "0 bit/s", 0),
        ("time", "5 ms", 0.005),
        ("time", "90 s", 90),
        ("time", "2m30s", 150),
        ("time", "2m 30s", 150),
        ("time", "1h", 3600),
        ("time", "1.295 s", 1.295),
        ("time", "50 us", 5e-5),
        ("time", "1d", 86400),
        ("share", "36%", 0.36),
        ("share", "0.1 %", 0.001),
        ("share", "250%", 2.5),
    ],
)
def test_a_quantity_reads_as_its_exact_number(kind: Kind, text: str, value: float) -> None:
    assert parse(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("size", "3.97 Mb", "'3.97 Mb' is in bits; a size is in bytes: write 3.97 MB or 0.49625 MB"),
        ("size", "8 Gbit", "'8 Gbit' is in bits; a size is in bytes: write 8 GB or 1 GB"),
        ("size", "346", "'346' has no unit; a size needs one, for example 346 MB"),
        ("size", "MB", "'MB' is not a size; write for example 346 MB"),
        ("size", "1 Gbit/s", "'1 Gbit/s' is a rate; a size is expected here, for example 346 MB"),
        (
            "size",
            "346M",
            "unknown size unit 'M' (did you mean 346 MB?); known: B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti",
        ),
        (
            "size",
            "1 KB",
            "unknown size unit 'KB' (did you mean 1 kB?); known: B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti",
        ),
        (
            "size",
            "1 PB",
            "unknown size unit 'PB' (did you mean 1000 TB?); known: B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti",
        ),
        (
            "size",
            "10 Go",
            "unknown size unit 'Go' (did you mean 10 GB?); known: B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti",
        ),
        ("size", "0x10 MB", "'0x10 MB' is not a size; write for example 346 MB"),
        ("size", "1 M B", "'1 M B' is not a size; write for example 346 MB"),
        (
            "rate",
            "1 Gbti/s",
            "unknown rate unit 'Gbti/s' (did you mean 1 Gbit/s?); known: bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s",
        ),
        ("size", "1 parsec", "unknown size unit 'parsec'; known: B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti"),
        ("size", "-1 MB", "'-1 MB' is negative; allowed: 0 or more"),
        ("size", "nan MB", "'nan MB' is not a finite number; write for example 346 MB"),
        ("size", "-inf MB", "'-inf MB' is not a finite number; write for example 346 MB"),
        ("size", "1e400 MB", "'1e400 MB' is too large for a size; the largest is 1e6 TB"),
        (
            "size",
            "1e999999999999999999999 MB",
            "'1e999999999999999999999 MB' is too large for a size; the largest is 1e6 TB",
        ),
        ("rate", "1e-40 B/s", "'1e-40 B/s' is too small for a rate; the smallest is 1e-6 B/s"),
        (
            "rate",
            "1 Gb",
            "unknown rate unit 'Gb' (did you mean 1 Gbit/s?); known: bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s",
        ),
        (
            "rate",
            "125 MB",
            "unknown rate unit 'MB' (did you mean 125 MB/s?); known: bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s",
        ),
        (
            "rate",
            "1 MBps",
            "unknown rate unit 'MBps' (did you mean 1 MB/s?); known: bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s",
        ),
        ("time", "90", "'90' has no unit; a time needs one, for example 90 s"),
        ("time", "90 sec", "unknown time unit 'sec' (did you mean 90 s?); known: us ms s m h d"),
        (
            "time",
            "30s2m",
            "'30s2m' is not a time: its parts must go from the longest unit to the shortest, for example 2m30s",
        ),
        (
            "time",
            "1s1s",
            "'1s1s' is not a time: its parts must go from the longest unit to the shortest, for example 2m30s",
        ),
        ("time", "1:30", "'1:30' is not a time; write for example 90 s or 2m30s"),
        ("share", "0.36", "'0.36' has no unit; a share needs one, for example 36%"),
        ("share", "36 percent", "unknown share unit 'percent' (did you mean 36%?); known: %"),
    ],
)
def test_a_wrong_quantity_says_what_was_meant(kind: Kind, text: str, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(kind, text)
    assert caught.value.message == message


@pytest.mark.parametrize("value", [5, 1.5, math.inf, math.nan])
def test_a_bare_number_is_no_quantity(value: float) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_rate(value)
    assert caught.value.message == f"'{value}' has no unit; a rate needs one, for example 1 Gbit/s"


@pytest.mark.parametrize("value", [True, None, ["1 MB"], {"size": "1 MB"}])
def test_anything_else_is_no_quantity_either(value: object) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_size(value)
    assert caught.value.message == "a size is expected here, for example 346 MB"


def test_zero_is_refused_where_it_means_nothing() -> None:
    with pytest.raises(QuantityError) as caught:
        parse("size", "0 MB", zero=False)
    assert caught.value.message == "'0 MB' is zero; allowed: more than 0"


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1, parse_time("-0 s")) == 1


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (3.97e6, "3.97 MB"),
        (346e6, "346 MB"),
        (5.14e9, "5.14 GB"),
        (12.03e6, "12.03 MB"),
        (0, "0 B"),
        (999.99e6, "1 GB"),
    ],
)
def test_sizes_are_written_in_decimal_units(size: float, text: str) -> None:
    assert format_size(size) == text


def test_network_rates_are_written_in_bits_and_others_in_bytes() -> None:
    assert [format_rate(125e6), format_rate(37.5e6), format_byte_rate(135e6)] == ["1 Gbit/s", "300 Mbit/s", "135 MB/s"]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (55.36, "55.4 s"),
        (0.6352, "0.635 s"),
        (0.0275, "0.0275 s"),
        (0.005, "5 ms"),
        (0.0001, "0.1 ms"),
        (0, "0 s"),
        (59.96, "1m"),
        (150, "2m30s"),
        (3600, "1h"),
        (3725.4, "1h2m5s"),
        (-150, "-2m30s"),
    ],
)
def test_times_are_written_with_three_digits_or_in_parts(time: float, text: str) -> None:
    assert format_time(time) == text


def test_shares_are_written_in_percent() -> None:
    assert [format_share(0.36), format_share(1), format_share(0.08123)] == ["36%", "100%", "8.12%"]


@given(st.floats(1e-5, 1e14))
def test_exact_text_reads_back_as_the_same_number(value: float) -> None:
    assert parse_size(exact_text("size", value)) == value
    assert parse_rate(exact_text("rate", value)) == value
    assert parse_time(exact_text("time", value % 1e10 + 1)) == value % 1e10 + 1
    assert parse_share(exact_text("share", value % 1e3 + 0.001)) == value % 1e3 + 0.001


@given(st.floats(1e-3, 1e5))
def test_written_times_read_back_within_their_digits(time: float) -> None:
    assert parse_time(format_time(time)) == pytest.approx(time, rel=0.01)


@given(st.floats(1, 1e15))
def test_written_sizes_read_back_within_their_digits(size: float) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=6e-4)


@given(st.text(max_size=20), st.sampled_from(["size", "rate", "time", "share"]))
def test_any_text_is_a_quantity_or_a_quantity_error(text: str, kind: Kind) -> None:
    try:
        value = parse(kind, text)
    except QuantityError:
        return
    assert 0 <= value < math.inf


@pytest.mark.parametrize(
    ("kind", "value", "bits", "text"),
    [
        ("rate", 125e6, True, "1 Gbit/s"),
        ("rate", 137.5e6, True, "1.1 Gbit/s"),
        ("rate", 135e6, False, "135 MB/s"),
        ("rate", 125 * 2.0**20, False, "125 MiB/s"),
        ("rate", 117964800.0, False, "117.9648 MB/s"),
        ("size", 380.6e6, False, "380.6 MB"),
        ("size", 512.0, False, "512 B"),
        ("time", 0.00011, False, "0.11 ms"),
        ("time", 0.3, False, "300 ms"),
        ("time", 600.0, False, "600 s"),
        ("time", 0.0, False, "0 s"),
        ("share", 0.225, False, "22.5%"),
    ],
)
def test_plain_text_is_what_people_write_with_all_digits(kind: Kind, value: float, bits: bool, text: str) -> None:
    assert plain_text(kind, value, bits) == text


@given(st.sampled_from(["size", "rate", "time", "share"]), st.floats(1e-5, 1e6), st.booleans())
def test_plain_text_parses_to_the_same_number(kind: Kind, value: float, bits: bool) -> None:
    assert parse(kind, plain_text(kind, value, bits)) == value
