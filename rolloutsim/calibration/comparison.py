"""What else was seen of the same pulls, and was not fitted to: predicted against measured.

Metrics of nodes do not say of which pulls they are, and registries not for which pull a request was. Nothing is fitted
to them; but a fit that is right about pulls has to be right about these as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp
from typing import Any, Literal

from rolloutsim.structs import struct
from rolloutsim.units import format_byte_rate, format_size, format_time

Unit = Literal["s", "B/s", "B", ""]
# Of a logarithm: what differs by less than 10 % says nothing (assumed: clocks, what else a registry does), nor what
# differs by no more than nine of ten pulls do from what is predicted.
_LEAST_SLACK = 0.1
_NORMAL = 1.645  # standard deviations


@struct
class Comparison:
    """A number as it was measured, and as the fit has it.

    Parameters
    ----------
    subject : str
        Of what.
    quantity : str
        What it is: `median time`, `requests`.
    unit : str
        `s`, `B/s`, `B`, or empty for a number of things.
    low, high : float
        Between which the measured one is; they are equal where it is exact, and `high` is inf where nothing bounds it.
    measured_of : int
        Of how many that were measured.
    predicted : float
        As the fit has it.
    predicted_of : int
        Of how many that were simulated.
    differs : int
        1: the measured one is larger than the other, by more than can be told; -1: smaller; 0: neither.
    """

    subject: str
    quantity: str
    unit: Unit
    low: float
    high: float
    measured_of: int
    predicted: float
    predicted_of: int
    differs: int

    @property
    def measured_text(self) -> str:
        """What was measured, for people."""
        if self.low == self.high:
            return shown(self.low, self.unit)
        if self.high == float("inf"):
            return f"over {shown(self.low, self.unit)}"
        if self.low == 0.0:
            return f"up to {shown(self.high, self.unit)}"
        return f"{shown(self.low, self.unit)} – {shown(self.high, self.unit)}"


@struct
class Beside:
    """What was compared, what differences may mean, and of what no use was made.

    Parameters
    ----------
    comparisons : tuple of Comparison
        One a number.
    meanings : tuple of str
        What to know of them, and what it may mean where they differ.
    left_out : mapping of str to int
        Why something was not compared, and how much.
    """

    comparisons: tuple[Comparison, ...]
    meanings: tuple[str, ...]
    left_out: Mapping[str, int]


def joined(parts: Iterable[Beside]) -> Beside:
    """Several in one."""
    every = list(parts)
    return Beside(
        tuple(one for part in every for one in part.comparisons),
        tuple(dict.fromkeys(text for part in every for text in part.meanings)),
        {reason: count for part in every for reason, count in part.left_out.items()},
    )


def slack(scatter: float) -> float:
    """By how much a time may differ from what is predicted, of a logarithm, where pulls scatter so much around it."""
    return max(_LEAST_SLACK, _NORMAL * scatter)


def differs(low: float, high: float, predicted: float, by: float) -> int:
    """Whether what was measured, between two ends, is larger (1) or smaller (-1) than predicted, by a logarithm."""
    factor = exp(by)
    return 1 if low > predicted * factor else -1 if high < predicted / factor else 0


def shown(value: float, unit: Unit) -> str:
    """A number for people."""
    if unit == "s":
        return format_time(value)
    if unit == "B/s":
        return format_byte_rate(value)
    return format_size(value) if unit == "B" else f"{value:,.0f}"


def rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """A table: of what, which number, measured, predicted, and whether they differ."""
    found: list[tuple[str, ...]] = [("", "", "measured", "of", "predicted", "of", "")]
    last = ""
    for one in comparisons:
        found.append((
            one.subject if one.subject != last else "", one.quantity, one.measured_text, f"{one.measured_of:,}",
            shown(one.predicted, one.unit), f"{one.predicted_of:,}",
            {0: "", 1: "larger", -1: "smaller"}[one.differs],
        ))  # fmt: skip
        last = one.subject
    return found


def document(made: Beside) -> dict[str, Any]:
    """All of it as data; what is not bounded is null."""
    return {
        "comparisons": [
            {
                "subject": one.subject, "quantity": one.quantity, "unit": one.unit or None, "measured_low": one.low,
                "measured_high": None if one.high == float("inf") else one.high, "measured_of": one.measured_of,
                "predicted": one.predicted, "predicted_of": one.predicted_of,
                "differs": {0: None, 1: "larger", -1: "smaller"}[one.differs],
            }
            for one in made.comparisons
        ],
        "meanings": list(made.meanings),
    }  # fmt: skip
