"""Durations and times as Kubernetes, container runtimes and registries write them."""

from __future__ import annotations

import calendar
import re

FINEST = 1e-6  # [s], what a float holds of a Unix time

# Go's time.Duration.String: "1h2m3s", "1m45.457s", "830ms", "572µs", "0s".
_DURATION = re.compile(
    r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m(?!s))?(?:([0-9]{1,12}(?:\.[0-9]{1,12})?)(ns|us|µs|μs|ms|s))?"
)
_UNITS = {None: 0.0, "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0}
# k8s.io/apimachinery pkg/util/duration HumanDuration: "38s", "4m16s", "2d3h", "5y".
_AGE = re.compile(
    r"(?:([0-9]{1,4})y)?(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9})s)?"
)  # fmt: skip
_IN_AGE = (365 * 86400, 86400, 3600, 60, 1)
_STAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))? ?"
    r"(?:(Z|UTC)|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_OF_LOG = re.compile(
    r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def duration(text: str) -> float | None:
    """A duration [s] as Go writes it, None if it is none."""
    match = _DURATION.fullmatch(text) if 0 < len(text) < 60 else None
    if match is None:
        return None
    hours, minutes, rest, unit = match.groups()
    return 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + float(rest or 0) * _UNITS[unit]


def age(text: str) -> float | None:
    """How long ago something was [s], as kubectl writes it; None if it is no such text."""
    match = _AGE.fullmatch(text) if 0 < len(text) < 30 else None
    if match is None:
        return None
    return float(sum(int(count or 0) * unit for count, unit in zip(match.groups(), _IN_AGE, strict=True)))


def stamp(text: object) -> tuple[float, float] | None:
    """A time of RFC 3339, or as logs vary it: Unix time, and how exact it is [both s]; UTC where it has no zone."""
    match = _STAMP.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = match.groups()
    whole = _unix(int(year), int(month), int(day), int(hour), int(minute), int(second))
    if whole is None:
        return None
    offset = int(f"{sign}1") * (3600 * int(hours) + 60 * int(minutes)) if sign else 0
    if not fraction:
        return float(whole - offset), 1.0
    return whole - offset + float(f"0.{fraction}"), max(10.0 ** -len(fraction), FINEST)


def of_access_log(text: str) -> float | None:
    """The Unix time [s] of an access log: `27/Nov/2026:16:37:00 +0000`."""
    match = _OF_LOG.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    whole = _unix(int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]), *(int(match[at]) for at in (4, 5, 6)))
    if whole is None:
        return None
    return float(whole - int(f"{match[7]}1") * (3600 * int(match[8]) + 60 * int(match[9])))


def _unix(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        return None
    return calendar.timegm((year, month, day, hour, minute, second))
