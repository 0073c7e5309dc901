"""How often something happens: `100/min`, `100/6h`, `2/h`."""

# ruff: noqa: D102 - what the methods do is said once, at `rolloutsim.scenario.fields.Described`

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic.json_schema import JsonSchemaValue

from rolloutsim.scenario.fields import Described, fault, quoted
from rolloutsim.structs import struct
from rolloutsim.units import QuantityError, exact_text, parse_time

_NAMES = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}  # [s]
_FORM = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*/\s*(.+?)\s*")
_PATTERN = r"^\s*[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?\s*/\s*(s|min|m|h|d|([0-9]*\.?[0-9]+\s*(us|µs|ms|s|m|h|d)\s*)+)\s*$"
_LARGEST = 1e9  # of both numbers (assumed: beyond it is a slip)


@struct
class Frequency:
    """`count` times in a `period` [s]."""

    count: float
    period: float

    @property
    def rate(self) -> float:
        """How often on average [1/s]."""
        return self.count / self.period

    def __str__(self) -> str:
        count = f"{self.count:.0f}" if self.count.is_integer() else repr(self.count)
        name = next((name for name, period in _NAMES.items() if period == self.period), None)
        hours = self.period / _NAMES["h"]
        period = f"{hours:.0f}h" if hours.is_integer() else exact_text("time", self.period)
        return f"{count}/{name or period}"


@dataclass(eq=False, repr=False)
class Often(Described):
    """A frequency; `example` is one that fits its place."""

    example: str

    def read(self, value: Any) -> Frequency:
        if isinstance(value, Frequency):
            return value
        match = _FORM.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise fault(f"{quoted(value)} does not say how often; write so many in a time, for example {self.example}")
        count, period = float(match[1]), _NAMES.get(match[2])
        if period is None:
            try:
                period = parse_time(match[2] if match[2][0] in "0123456789.+-" else f"1 {match[2]}")
            except QuantityError as error:
                shown = error.message.replace(f"'1 {match[2]}'", f"'{match[2]}'")
                raise fault(f"{quoted(value)} does not say how often: {shown}", f"write {self.example}") from None
        for number in (count, period):
            if not 0 < number <= _LARGEST:
                raise fault(f"{quoted(value)} is never or too often; both numbers must be above 0, up to 1e9")
        return Frequency(count, period)

    def write(self, value: Frequency) -> str:
        return str(value)

    def schema(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": _PATTERN, "examples": [self.example]}

    def words(self) -> str:
        return f"so many in a time, such as {self.example}"
