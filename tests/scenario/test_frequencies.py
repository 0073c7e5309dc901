"""How often something happens: what is read, and what it is written as."""

from __future__ import annotations

import pytest

from rolloutsim.scenario.fields import Frequency, Often


@pytest.mark.parametrize(
    ("text", "count", "period", "written"),
    [
        ("100/min", 100, 60, "100/min"),
        ("100 / m", 100, 60, "100/min"),
        ("100/60 s", 100, 60, "100/min"),
        ("2/h", 2, 3600, "2/h"),
        ("1/d", 1, 86400, "1/d"),
        ("50/s", 50, 1, "50/s"),
        ("100/6h", 100, 21600, "100/6h"),
        ("3000/2m30s", 3000, 150, "3000/150.0 s"),
        ("0.5/s", 0.5, 1, "0.5/s"),
        ("1e3/100 ms", 1000, 0.1, "1000/0.1 s"),
    ],
)
def test_a_frequency_is_so_many_in_a_time_and_is_written_so_that_it_is_read_again(
    text: str, count: float, period: float, written: str
) -> None:
    often = Often("100/min")
    found = often.read(text)
    assert found == Frequency(count, period)
    assert found.rate == count / period
    assert often.write(found) == written
    assert often.read(written) == found
