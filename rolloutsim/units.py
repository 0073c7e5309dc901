"""Quantities: the text that users write, and the numbers that the package computes with.

Inside the package a size is in bytes, a rate in bytes per second, a time in seconds and a share a number
from 0 to 1; no name says so again. Bits and decimal prefixes exist only in this module.

`MB` is 10^6 bytes, `MiB` and Kubernetes' `Mi` are 2^20 (IEC 80000-13); a network's `Gbit/s` is 10^9 bits
per second (IEEE 802.3). Text is converted in decimal arithmetic, so that `3.97 MB` is 3970000 exactly.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Literal

from rolloutsim.errors import RolloutsimError, nearest

Kind = Literal["size", "rate", "time", "share"]

BITS_PER_BYTE = 8

_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

_SIZES: dict[str, Decimal] = {
    **{f"{prefix}B": Decimal(factor) for prefix, factor in (_DECIMAL | _BINARY).items()},
    **{prefix: Decimal(factor) for prefix, factor in _BINARY.items()},
}
_RATES: dict[str, Decimal] = {
    **{f"{prefix}bit/s": Decimal(factor) / BITS_PER_BYTE for prefix, factor in _DECIMAL.items()},
    **{f"{prefix}bps": Decimal(factor) / BITS_PER_BYTE for prefix, factor in _DECIMAL.items()},
    **{f"{prefix}B/s": Decimal(factor) for prefix, factor in (_DECIMAL | _BINARY).items()},
}
_TIMES: dict[str, Decimal] = {
    "d": Decimal(86400),
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("1e-3"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
}
_SHARES: dict[str, Decimal] = {"%": Decimal("0.01")}

_UNITS: dict[Kind, dict[str, Decimal]] = {"size": _SIZES, "rate": _RATES, "time": _TIMES, "share": _SHARES}
KNOWN_UNITS: dict[Kind, str] = {
    "size": "B kB MB GB TB KiB MiB GiB TiB Ki Mi Gi Ti",
    "rate": "bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s",
    "time": "us ms s m h d",
    "share": "%",
}
EXAMPLES: dict[Kind, str] = {"size": "346 MB", "rate": "1 Gbit/s", "time": "90 s", "share": "36%"}

# Beyond these a quantity is a slip, and the simulation's clock would lose its precision (assumed).
_SMALLEST: dict[Kind, tuple[float, str]] = {
    "size": (1e-6, "1e-6 B"),
    "rate": (1e-6, "1e-6 B/s"),
    "time": (1e-12, "1e-6 us"),
    "share": (1e-12, "1e-10%"),
}
_LARGEST: dict[Kind, tuple[float, str]] = {
    "size": (1e18, "1e6 TB"),
    "rate": (1e15, "1e3 TB/s"),
    "time": (1e11, "1e11 s"),
    "share": (1e6, "1e8%"),
}

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER}|[+-]?\.?(?:nan|inf(?:inity)?))\s*(.*)", re.IGNORECASE | re.DOTALL)
_TIME_PART = re.compile(rf"\s*({_NUMBER})\s*([^\s0-9.+-]*)")
_MOST_DIGITS = 6  # before the point, of a number that a hint works out (assumed: of more none was meant)
# Patterns that only errors need are compiled when one does.
_BITS = r"([kKmMgGtT]?)(i?)(?:b|[bB]its?)"
_PREFIXES = r"([kKmMgGtT]|[kK]ilo|[mM]ega|[gG]iga?|[tT]era|)"
_RATE_LIKE = rf"{_PREFIXES}(i?)(b|[bB]its?|B|[bB]ytes?|[oO]|octets?|)(?:/[sS]|p[sS]|s|/sec|/second| per second)?"
_SIZE_LIKE = rf"{_PREFIXES}(i?)(?:B|[bB]ytes?|[oO]|octets?|)"
# `10GE`, `10GbE`, `10GigE`, `2.5GBASE-T`, `100BASE-TX`: how interfaces are named (IEEE 802.3, 1.2.3), in bits a second.
_ETHERNET = r"(m|g|t|gig|giga|mega|tera)(?:b|bit)?[\s-]?(?:e|ethernet|base-\w+)|(?:fe|base-\w+)"
_PREFIX = {"": "", "k": "k", "K": "k", "m": "M", "M": "M", "g": "G", "G": "G", "t": "T", "T": "T"}
_TIME_WORDS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s", "msec": "ms", "millis": "ms", "min": "m",
    "mins": "m", "minute": "m", "minutes": "m", "M": "m", "hour": "h", "hours": "h", "hr": "h", "H": "h",
    "day": "d", "days": "d", "usec": "us", "μs": "us",
}  # fmt: skip


class QuantityError(RolloutsimError, ValueError):
    """A text is not the quantity that its place asks for; `message` says why, `help` what was likely meant."""

    def __init__(self, message: str, help: str | None = None) -> None:
        self.message = message
        self.help = help
        super().__init__(message)


def parse_size(text: object) -> float:
    """A size [B] from text such as `346 MB`, `250 MiB` or `250Mi`."""
    return parse("size", text)


def parse_rate(text: object) -> float:
    """A rate [B/s] from text such as `1 Gbit/s`, `10 Gbps` or `125 MB/s`."""
    return parse("rate", text)


def parse_time(text: object) -> float:
    """A time [s] from text such as `5 ms`, `90 s`, `2m30s` or `1h`."""
    return parse("time", text)


def parse_share(text: object) -> float:
    """A share [1] from text such as `36%`; it is not limited to 100 %."""
    return parse("share", text)


def parse(kind: Kind, text: object, zero: bool = True, bits: bool = True) -> float:
    """A quantity of the given kind in SI base units, never negative.

    Parameters
    ----------
    kind : str
        `size` [B], `rate` [B/s], `time` [s] or `share` [1].
    text : object
        What the user wrote; anything but a string is an error.
    zero : bool
        Whether zero is allowed.
    bits : bool
        Whether a rate is a network's, so that `10G`, which is no rate, was meant in bits.

    Raises
    ------
    QuantityError
        If the text is not such a quantity.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise QuantityError(_bare(kind, str(text)))
    if not isinstance(text, str):
        raise QuantityError(f"a {kind} is expected here, for example {EXAMPLES[kind]}")
    return _parsed(kind, text, zero, bits)


@lru_cache(4096)  # scenarios say the same again and again
def _parsed(kind: Kind, text: str, zero: bool, bits: bool) -> float:
    stripped = text.strip()
    match = _QUANTITY.fullmatch(stripped)
    if match is None:
        raise QuantityError(f"{_quote(text)} is not a {kind}; write for example {EXAMPLES[kind]}")
    number, unit = match.groups()
    if number.lstrip("+-.")[0] in "nNiI":
        raise QuantityError(f"{_quote(text)} is not a finite number; write for example {EXAMPLES[kind]}")
    if not unit:
        raise QuantityError(_bare(kind, stripped))
    return _in_range(kind, text, _exact(kind, text, number, unit, bits), zero)


def _exact(kind: Kind, text: str, number: str, unit: str, bits: bool) -> Decimal:
    try:
        if kind == "time":
            return _exact_time(text)
        if unit not in _UNITS[kind]:
            raise QuantityError(_unknown_unit(kind, text, number, unit, bits))
        return Decimal(number) * _UNITS[kind][unit]
    except DecimalException:
        raise QuantityError(_too_large(kind, text)) from None


def _exact_time(text: str) -> Decimal:
    """The sum of parts such as `2m30s`, each unit once, from the longest to the shortest."""
    total, position, last = Decimal(0), 0, math.inf
    stripped = text.strip()
    while position < len(stripped):
        part = _TIME_PART.match(stripped, position)
        if part is None or not part[2].isalpha():
            raise QuantityError(f"{_quote(text)} is not a time; write for example {EXAMPLES['time']} or 2m30s")
        number, unit = part.groups()
        if unit not in _TIMES:
            raise QuantityError(_unknown_unit("time", text, number, unit))
        if position and number[0] in "+-" or _TIMES[unit] >= last:
            raise QuantityError(
                f"{_quote(text)} is not a time: its parts must go from the longest unit to the shortest, "
                "for example 2m30s"
            )
        total += Decimal(number) * _TIMES[unit]
        position, last = part.end(), float(_TIMES[unit])
    return total.copy_sign(Decimal(-1)) if stripped.startswith("-") else total


def _in_range(kind: Kind, text: str, exact: Decimal, zero: bool) -> float:
    value = float(exact)
    if exact < 0:
        raise QuantityError(f"{_quote(text)} is negative; allowed: {'0 or more' if zero else 'more than 0'}")
    if exact == 0 and not zero:
        raise QuantityError(f"{_quote(text)} is zero; allowed: more than 0")
    if value > _LARGEST[kind][0]:
        raise QuantityError(_too_large(kind, text))
    if exact and value < _SMALLEST[kind][0]:
        raise QuantityError(f"{_quote(text)} is too small for a {kind}; the smallest is {_SMALLEST[kind][1]}")
    return abs(value)


def _too_large(kind: Kind, text: str) -> str:
    return f"{_quote(text)} is too large for a {kind}; the largest is {_LARGEST[kind][1]}"


def _bare(kind: Kind, number: str) -> str:
    return f"{_quote(number)} has no unit; a {kind} needs one, for example {EXAMPLES[kind]}"


def _unknown_unit(kind: Kind, text: str, number: str, unit: str, is_network: bool = False) -> str:
    bits = re.fullmatch(_BITS, unit) if kind == "size" else None
    if bits:
        prefix = _PREFIX[bits[1]] + bits[2]
        prefix = "Ki" if prefix == "ki" else prefix
        eighth = format((Decimal(number) / BITS_PER_BYTE).normalize(), "f")
        return f"{_quote(text)} is in bits; a size is in bytes: write {number} {prefix}B or {eighth} {prefix}B"
    meant = _meant(kind, number, unit, is_network)
    if meant is None and re.search(r"[\s0-9]", unit):
        return f"{_quote(text)} is not a {kind}; write for example {EXAMPLES[kind]}"
    for other, units in _UNITS.items():
        if other != kind and unit in units and (kind, other) != ("rate", "size"):
            return f"{_quote(text)} is a {other}; a {kind} is expected here, for example {EXAMPLES[kind]}"
    hint = f" (did you mean {meant}?)" if meant else ""
    return f"unknown {kind} unit {_quote(unit)}{hint}; known: {KNOWN_UNITS[kind]}"


def _meant(kind: Kind, number: str, unit: str, is_network: bool) -> str | None:
    """The quantity that was likely meant; None where none is near."""
    if kind == "share":
        return f"{number}%" if unit in ("percent", "pct") else None
    if kind == "time":
        return f"{number} {_TIME_WORDS[unit]}" if unit in _TIME_WORDS else None
    if kind == "rate" and (ethernet := re.fullmatch(_ETHERNET, unit, re.IGNORECASE)):
        return f"{number} {_PREFIX[(ethernet[1] or 'M')[0]]}bit/s"
    if unit[:1] in ("P", "p") and Decimal(number).adjusted() < _MOST_DIGITS:
        # Beyond the known prefixes: the same with the next smaller one.
        number, unit = f"{Decimal(number) * (2**10 if unit[1:2] == 'i' else 10**3):f}", f"T{unit[1:]}"
    like = re.fullmatch(_RATE_LIKE if kind == "rate" else _SIZE_LIKE, unit)
    if like is None:
        if re.search(r"[\s0-9]", unit):  # more than a word
            return None
        near = nearest(unit, _of_the_same(KNOWN_UNITS[kind].split(), unit), 0.75)
        return near and f"{number} {near}"
    prefix = _PREFIX[like[1][:1]]
    if kind == "size":
        return f"{number} {prefix.upper() if like[2] else prefix}{like[2]}B"
    bits = like[3][:1] == "b" and like[3][:4] != "byte" or like[3][:3] == "Bit" or not like[3] and is_network
    if bits and like[2]:  # known are bits with decimal prefixes only
        if Decimal(number).adjusted() >= _MOST_DIGITS:
            return None
        decimal = Decimal(number) * _BINARY[f"{prefix.upper()}i"] / _DECIMAL[prefix]
        return f"{decimal.normalize():f} {prefix}bit/s"
    return f"{number} {prefix.upper() if like[2] else prefix}{like[2]}{'bit/s' if bits else 'B/s'}"


def _of_the_same(units: list[str], unit: str) -> list[str]:
    """Those in bits for one that is written so, those in bytes for such a one: the others mean eight times as much."""
    return [known for known in units if ("b" in known) == ("b" in unit) and ("B" in known) == ("B" in unit)]


def _quote(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return f"'{shown}'"


def format_size(size: float) -> str:
    """A size [B] for people, four significant digits: `3.97 MB`."""
    return _scaled(size, "B")


def format_megabytes(size: float) -> str:
    """A size [B] in MB whatever its magnitude, so that several in one sentence compare: `1000 MB`."""
    return f"{size / _DECIMAL['M']:.6g} MB"


def format_rate(rate: float) -> str:
    """A network rate [B/s] for people, in bits: `1 Gbit/s`."""
    return _scaled(rate * BITS_PER_BYTE, "bit/s")


def format_byte_rate(rate: float) -> str:
    """A disk's or a core's rate [B/s] for people, in bytes: `135 MB/s`."""
    return _scaled(rate, "B/s")


def format_time(time: float) -> str:
    """A time [s] for people: three significant digits below a minute, whole seconds above (`2m30s`)."""
    if time < 0:
        return f"-{format_time(-time)}"
    if 0 < time < 0.00999:
        return f"{_digits(time * 1e3, 3)} ms"
    if float(f"{time:.3g}") < 60:
        return f"{_digits(time, 3)} s"
    minutes, seconds = divmod(math.floor(time + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{value}{unit}" for value, unit in parts if value)


def format_share(share: float) -> str:
    """A share [1] for people: `36%`."""
    return f"{_digits(share * 100, 3)}%"


def exact_text(kind: Kind, value: float) -> str:
    """A quantity as text that parses to the same number, bit by bit."""
    if kind == "share":
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    return f"{value!r} {'B' if kind == 'size' else 'B/s' if kind == 'rate' else 's'}"


def plain_text(kind: Kind, value: float, bits: bool = False) -> str:
    """A quantity as people write it, with all its digits: it parses to the same number, bit by bit.

    Parameters
    ----------
    kind : str
        `size` [B], `rate` [B/s], `time` [s] or `share` [1].
    value : float
        The number.
    bits : bool
        Whether a rate is a network's.
    """
    if kind == "share":
        return exact_text(kind, value)
    bits = bits and kind == "rate"
    exact = Decimal(repr(value)) * (BITS_PER_BYTE if bits else 1)
    if kind == "time":
        short = 0 < value < 1
        return f"{(exact * 1000 if short else exact).normalize():f} {'ms' if short else 's'}"
    mebi = exact / 2**20
    if not bits and mebi == int(mebi) > 0 and exact % 10**6:
        return f"{mebi:.0f} MiB{'/s' if kind == 'rate' else ''}"
    prefix = next((name for name, factor in reversed(_DECIMAL.items()) if abs(exact) >= factor), "")
    unit = "B" if kind == "size" else "bit/s" if bits else "B/s"
    return f"{(exact / _DECIMAL[prefix]).normalize():f} {prefix}{unit}"


def _scaled(value: float, unit: str) -> str:
    for prefix, factor in _DECIMAL.items():
        if float(f"{abs(value) / factor:.4g}") < 1000 or prefix == "T":
            break
    return f"{_digits(value / factor, 4)} {prefix}{unit}"


def _digits(value: float, significant: int) -> str:
    """A number rounded to `significant` digits, never with an exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = significant - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, decimals):.{max(0, decimals)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
