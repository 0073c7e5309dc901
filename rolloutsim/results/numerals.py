"""Figures as people read them, one style everywhere: three significant digits, a blank before the unit.

Times and factors keep their trailing zeros, so that a column lines up (`5.10 s`, `20.0×`); sizes and rates, which
users write themselves, lose them (`16 MB`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from math import floor, isfinite, log10

from rolloutsim.errors import STEERING
from rolloutsim.units import format_byte_rate, format_rate, format_size, format_time, parse_rate, parse_size

UNKNOWN = "–"
NO_ANSWER = "no answer"
NOT_COMPUTED = "unknown"

_MINUTE = 60.0
_HOUR = 3600.0
_DAY = 86400.0
_LONG = 10 * _MINUTE  # from here on minutes are easier to grasp than seconds (assumed)
_DAYS = 2 * _DAY  # and from here on days
_MEBI = parse_size("1 MiB")
_BIT = parse_rate("1 bit/s")
_DECIMALS = 4  # of times that stand below longer ones (assumed: nobody reads more)
# A blank between a number and what belongs to it.
_UNITS = re.compile(
    r"(?<=\d) (?=(?:%|±|×|(?:[kMGTP]i?)?B(?:/s)?\b|[kMGT]?bit/s\b|(?:ms|s|min|h|d)\b(?!['’])))"
    r"|(?<=[±<>]) (?=\d)|(?<=\d[smhd]) (?=±)"
)
_SLOW = 1e-4  # a rate below this share of another needs a unit of its own (assumed: five digits at most)


def show_time(time: float | None) -> str:
    """A time [s]: `3.18 ms`, `0.640 s`, `66.3 s`, from ten minutes on `12m30s`, from two days on `92.8 d`."""
    if time is None:
        return UNKNOWN
    if 0.0 < time < 0.00999:
        return f"{three_digits(time * 1e3)} ms"
    if _rounded(time) < _LONG:
        return f"{three_digits(time)} s"
    return format_time(time) if time < _DAYS else f"{three_digits(time / _DAY)} d"


def show_times(times: Iterable[float | None]) -> Callable[[float | None], str]:
    """How times that stand below each other are shown: all in the unit of the largest, so that they can be compared.

    Below ten milliseconds in ms, below ten minutes in s, from two days on in d; between `29m46s`, `2m21s`, `0m42s`.

    Parameters
    ----------
    times : iterable of float
        The times of a column [s]; None and NaN: unknown.
    """
    largest = max((abs(time) for time in times if time is not None and isfinite(time)), default=0.0)
    if 0.0 < largest < 0.00999:
        return _in_unit(largest, 1e-3, "ms")
    if _rounded(largest) < _LONG:
        return _in_unit(largest, 1.0, "s")
    return _in_minutes(largest >= _HOUR) if largest < _DAYS else _in_unit(largest, _DAY, "d")


def _in_unit(largest: float, unit: float, name: str) -> Callable[[float | None], str]:
    """Three digits, but no more decimals than `_DECIMALS`, or than the largest has itself."""
    most = max(_DECIMALS, _decimals(largest / unit)) if largest else _DECIMALS

    def show(time: float | None) -> str:
        number = None if time is None else _rounded(time / unit)
        if number is None:
            return UNKNOWN
        if number == 0.0 or not isfinite(number):
            return f"{number:g} {name}"
        least = 10.0**-most
        if abs(number) < least / 2:
            return f"<{least:.{most}f} {name}"
        return f"{number:.{min(most, _decimals(number))}f} {name}"

    return show


def _in_minutes(hours: bool) -> Callable[[float | None], str]:
    """Whole seconds, with all of hours, minutes and seconds, so that a column lines up."""

    def show(time: float | None) -> str:
        if time is None:
            return UNKNOWN
        minutes, seconds = divmod(floor(abs(time) + 0.5), 60)
        if time and not minutes and not seconds:
            return "<1s"
        whole = f"{minutes // 60}h{minutes % 60:02d}m" if hours else f"{minutes}m"
        return f"{'-' if time < 0.0 else ''}{whole}{seconds:02d}s"

    return show


def show_latency(latency: float | None) -> str:
    """How long a request takes [s], in one unit, so that several can be compared: `0.944 ms`, `36.1 ms`.

    None: it gets no answer; NaN: it is not computed.
    """
    if latency is not None and latency != latency:
        return NOT_COMPUTED
    return NO_ANSWER if latency is None else f"{three_digits(latency * 1e3)} ms"


def show_difference(time: float) -> str:
    """How far two times are apart [s]: `1.42 s`, and below a second in milliseconds, as latencies: `60.0 ms`."""
    return show_latency(time) if 0.0 < _rounded(time) < 1.0 else show_time(time)


def show_size(size: float) -> str:
    """A size [B]: `3.97 MB`."""
    return format_size(_rounded(size))


def show_rate(rate: float) -> str:
    """A network's rate [B/s], in bits: `1 Gbit/s`."""
    return format_rate(_rounded(rate / _BIT) * _BIT)


def show_byte_rate(rate: float) -> str:
    """A disk's or a core's rate [B/s]: `135 MB/s`, but `250 MiB/s` where it is that exactly."""
    mebi = rate / _MEBI
    if mebi >= 1.0 and mebi.is_integer() and _rounded(rate) != rate:
        return f"{mebi:.0f} MiB/s"
    return format_byte_rate(_rounded(rate))


def show_factor(factor: float | None) -> str:
    """How many times: `20.0×`."""
    return UNKNOWN if factor is None else f"{three_digits(factor)}×"


def show_count(count: float) -> str:
    """How many: `1,204`, and three digits of what is no whole number."""
    return f"{count:,.0f}" if float(count).is_integer() else three_digits(count)


def counted(number: int, what: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {what}{'s' if number != 1 else ''}"


def show_share(share: float) -> str:
    """A measured share [1]: `41.7 %`."""
    return f"{three_digits(share * 100)} %"


def whole_share(share: float, percent: int | None = None) -> str:
    """A share [1] in running text: `48 %`, and never 0 or 100 % where that is not exact.

    `percent` is what it is among others that it adds up with (`whole_shares`); by default the nearest whole number.
    """
    percent = round(share * 100) if percent is None else percent
    if percent == 0 and share > 0.0:
        return "under 1 %"
    if percent == 100 and share < 1.0:
        return "over 99 %"
    return f"{percent} %"


def whole_shares(shares: Sequence[float]) -> list[int]:
    """Whole per cents that add up to the rounded sum of shares [1]: the largest remainders are rounded up."""
    floors = [floor(share * 100) for share in shares]
    missing = round(sum(shares) * 100) - sum(floors)
    by_remainder = sorted(range(len(shares)), key=lambda i: floors[i] - shares[i] * 100)
    for i in by_remainder[:missing]:
        floors[i] += 1
    return floors


def rate_of_rate(used: float, whole: float) -> str:
    """A rate [B/s] beside the line rate that it is a part of: `50 of 1000 Mbit/s`, in one unit if that can be read."""
    shown = show_rate(used)
    number, unit = shown.split()
    if used < _SLOW * whole:
        return f"{shown} of {show_rate(whole)}"
    return f"{number} of {whole / parse_rate(f'1 {unit}'):.0f} {unit}"


def plus_minus(show: Callable[[float], str], value: float, half: float) -> str:
    """A value and half its interval, in one unit and with as many decimals where that can be read: `4.15 ± 0.25 s`.

    `show` is how such a value is shown alone.
    """
    shown, apart = show(value), show(half)
    number, _, unit = shown.partition(" ")
    other, _, its = apart.partition(" ")
    if not unit or unit != its or other.startswith("<"):
        return f"{shown} ± {apart}"
    rounded = f"{float(other):.{len(number.partition('.')[2])}f}"
    return f"{number} ± {other if float(rounded) == 0.0 else rounded} {unit}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words in running text: `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def visible(text: str, keep: str = "") -> str:
    """A text in which what could do more than be read (`errors.STEERING`) is written as escapes.

    Those in `keep` stay, such as line feeds.
    """
    return STEERING.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def _escape(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


def unbroken(text: str) -> str:
    """A text for a page, not wrapped between a number and its unit, nor around ±: the blanks there do not break.

    What could do more than be read is written as escapes, save line feeds.
    """
    return _UNITS.sub("\u00a0", visible(text, keep="\n"))


def three_digits(value: float) -> str:
    """A number with three significant digits and without an exponent; what is larger keeps its whole digits."""
    if value == 0.0 or not isfinite(value):
        return f"{value:g}"
    rounded = _rounded(value)
    return f"{rounded:.{_decimals(rounded)}f}"


def _decimals(value: float) -> int:
    """The decimals that a number other than zero has with three significant digits."""
    return max(0, 2 - floor(log10(abs(value))))


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def number(value: float | None) -> float | None:
    """As JSON holds it: whole bytes and flows without a decimal point."""
    return int(value) if value is not None and float(value).is_integer() and abs(value) < 2**53 else value
