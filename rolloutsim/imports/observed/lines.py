"""A line of a log, whatever wrote it: logfmt, klog or JSON, in journald's, Docker's or Kubernetes' prefix."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from rolloutsim.imports.observed import times
from rolloutsim.structs import struct

_TIME = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})? ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)
# systemd src/shared/logs-show.c: short, short-iso(-precise), short-unix, short-full; then host, program and its number.
_JOURNALD = re.compile(
    rf"(?:[A-Z][a-z]{{2}} )?({_TIME}|[A-Z][a-z]{{2}} [ 0-9][0-9] [0-9:.]{{8,15}}|[0-9]{{9,11}}\.[0-9]{{1,9}})"
    r" +([^\s:\[\]]{1,255}) ([^\s:\[\]]{1,100})(?:\[[0-9]{1,10}\])?: (.*)"
)
_PREFIXES = (
    re.compile(r"[\w.-]{1,100} {0,40}\| "),  # docker compose
    re.compile(r"\[(?:pod|container)/[^\]]{1,300}\] "),  # kubectl logs --prefix
    re.compile(rf"{_TIME} (?:stdout|stderr) [FP] "),  # files of the CRI
    re.compile(rf"{_TIME} (?=[\w.-]{{1,40}}=|[\[{{IWEF0-9])"),  # kubectl logs --timestamps, docker logs -t
)
# k8s.io/klog: level, month and day, time, thread, file and line. No year, and the node's own zone.
_KLOG = re.compile(
    r"[IWEF]([0-9]{2})([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{1,9}) {1,20}[0-9]{1,10} [^\]\s]{1,200}\] (.*)"
)
# What a field is begins after a space only: no place of a line is looked at twice.
_FIELD = re.compile(r'(?:^|(?<=[ \t]))([\w.@-]{1,100})=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_MOST_FIELDS = 200  # of a line (assumed: several times what a registry writes)
_DEEPEST = 3  # logs in one another (assumed: a program's, in Docker's, in journald's)


@struct
class Entry:
    """An entry of a log.

    Parameters
    ----------
    message : str
        What it says.
    fields : mapping of str to str
        What stands beside that.
    clock : str
        What `at` counts from: empty for Unix time; the file, where the year is missing.
    at : float or None
        Its time [s].
    resolution : float
        How exact that is [s].
    host : str or None
        The node.
    """

    message: str
    fields: Mapping[str, str]
    clock: str = ""
    at: float | None = None
    resolution: float = 1.0
    host: str | None = None


def entry(line: str, origin: str, depth: int = 0) -> Entry | None:
    """The entry of a line, None if it is none that is known.

    Parameters
    ----------
    line : str
        Without its end.
    origin : str
        The file, which is the clock of times without a year.
    depth : int
        How many logs it stands in.
    """
    line = line.strip()
    if line.startswith("{"):
        return of_json(content(line), origin, depth)
    for prefix in _PREFIXES:
        match = prefix.match(line)
        if match is not None:
            rest = entry(line[match.end() :], origin, depth + 1) if depth < _DEEPEST else None
            if rest is not None:
                return rest
    journald = _JOURNALD.match(line)
    if journald is None:
        return _klog(line, origin) or _logfmt(line)
    told, host, program, rest_of_line = journald.groups()
    inner = _inner(rest_of_line, origin, depth)
    if inner is None:
        inner = Entry(rest_of_line, {"program": program})
    return _within(inner, _journald_time(told), host)


def content(line: str) -> Any:
    """The data of a line of JSON, None if it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def of_json(content: Any, origin: str, depth: int = 0) -> Entry | None:
    """The entry of a line of JSON: journald's, Docker's, or of a program that logs so."""
    if not isinstance(content, Mapping):
        return None
    if "MESSAGE" in content:
        said = content["MESSAGE"]
        if isinstance(said, list):  # bytes that are no UTF-8
            said = bytes(byte for byte in said if isinstance(byte, int) and 0 <= byte < 256).decode(errors="replace")
        said = said if isinstance(said, str) else ""
        told = str(content.get("_SOURCE_REALTIME_TIMESTAMP") or content.get("__REALTIME_TIMESTAMP") or "")
        stamp = (int(told) / 1e6, times.FINEST) if told.isdigit() and len(told) < 19 else None
        host = content.get("_HOSTNAME")
        inner = _inner(said, origin, depth) or Entry(said, {})
        return _within(inner, stamp, host if isinstance(host, str) else None)
    if isinstance(content.get("log"), str):
        inner = _inner(content["log"], origin, depth) or Entry(content["log"], {})
        return _within(inner, times.stamp(content.get("time")), None)
    message = content.get("msg", content.get("message"))
    told = content.get("time", content.get("@timestamp", content.get("ts")))
    if not isinstance(message, str) or told is None:
        return None
    fields = {str(key): value if isinstance(value, str) else _brief(value) for key, value in content.items()}
    if isinstance(told, (int, float)) and not isinstance(told, bool):  # the kubelet's are milliseconds
        stamp = (float(told) / (1000 if told > 1e11 else 1), 1e-3) if 0 < told < 1e14 else None
    else:
        stamp = times.stamp(told)
    return _within(Entry(message, fields), stamp, None)


def _brief(value: Any) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):  # the kubelet's objects
        return f"{value.get('namespace') or 'default'}/{value['name']}"
    return "" if isinstance(value, (Mapping, list)) else str(value)


def _inner(text: str, origin: str, depth: int) -> Entry | None:
    return entry(text, origin, depth + 1) if depth < _DEEPEST else None


def _within(inner: Entry, stamp: tuple[float, float] | None, host: str | None) -> Entry:
    """An entry, with the time and host of what it stands in where it has none, or none with a year."""
    at, clock, resolution = inner.at, inner.clock, inner.resolution
    if (at is None or clock) and stamp is not None:
        at, clock, resolution = stamp[0], "", stamp[1]
    return Entry(inner.message, inner.fields, clock, at, resolution, inner.host or host)


def _journald_time(told: str) -> tuple[float, float] | None:
    if told[0].isdigit() and "-" not in told:
        return float(told), times.FINEST
    return times.stamp(told)


def _klog(line: str, origin: str) -> Entry | None:
    match = _KLOG.match(line)
    if match is None:
        return None
    month, day, hour, minute, second, fraction, rest = match.groups()
    stamp = times.stamp(f"2000-{month}-{day}T{hour}:{minute}:{second}.{fraction}Z")  # of a year with a 29 February
    quoted = _QUOTED.match(rest)
    fields = _fields(rest[quoted.end() :]) if quoted else {}
    message = _plain(quoted[1]) if quoted else rest
    if stamp is None:
        return Entry(message, fields)
    return Entry(message, fields, f"{origin} without a year", stamp[0], stamp[1])


def _logfmt(line: str) -> Entry | None:
    fields = _fields(line)
    if "msg" not in fields or not ("time" in fields or "level" in fields):
        return None
    stamp = times.stamp(fields.get("time"))
    at, resolution = stamp if stamp else (None, 1.0)
    return Entry(fields["msg"], fields, "", at, resolution, None)


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        key, quoted, bare = match.groups()
        found.setdefault(key, _plain(quoted) if quoted is not None else bare)
        if len(found) >= _MOST_FIELDS:
            break
    return found


def _plain(quoted: str) -> str:
    """What stands in Go's quotes."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), quoted) if "\\" in quoted else quoted
