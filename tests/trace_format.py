"""A judge of Chrome traces that knows nothing of rolloutsim.

What it holds a trace to is the document *Trace Event Format* (Duca, Sinclair; Google, 2016): the JSON object form, the
keys that each phase must have and their types, that the slices of a thread nest, that metadata names what it names; and
what Perfetto's importer is known to trip over (a thread with its process's number, fractions of microseconds).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from typing import Any

Event = dict[str, Any]

_KEYS = {
    "X": {"name": str, "cat": str, "ts": int, "dur": int, "pid": int, "tid": int},
    "i": {"name": str, "cat": str, "ts": int, "s": str, "pid": int, "tid": int},
    "C": {"name": str, "ts": int, "pid": int, "args": dict},
    "M": {"name": str, "pid": int, "args": dict},
}
_METADATA = {
    "process_name": ("name", str), "thread_name": ("name", str),
    "process_sort_index": ("sort_index", int), "thread_sort_index": ("sort_index", int),
}  # fmt: skip
_UNITS = ("ms", "ns")


def read(content: bytes) -> dict[str, Any]:
    """A trace from its file's content, compressed or not; NaN and infinity, which are no JSON, are refused."""

    def refuse(word: str) -> float:
        raise ValueError(f"{word} is no JSON")

    text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


def complaints(trace: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a trace; nothing if it is in order."""
    found = []
    if trace.get("displayTimeUnit") not in _UNITS:
        found.append("displayTimeUnit is not ms or ns")
    if not isinstance(trace.get("otherData", {}), dict):
        found.append("otherData is no object")
    events = trace.get("traceEvents")
    if not isinstance(events, list) or not events:
        return [*found, "there are no traceEvents"]
    for event in events:
        found += [f"{what}: {event}" for what in _of_event(event)]
    if found:  # what lacks a key cannot be compared with others
        return found
    return _of_names(events) + _of_slices(events) + _of_counters(events)


def _of_event(event: Event) -> list[str]:
    phase = event.get("ph")
    if phase not in _KEYS:
        return ["unknown phase"]
    found = [
        f"{key} is missing or no {kind.__name__}"
        for key, kind in _KEYS[phase].items()
        if not isinstance(event.get(key), kind) or isinstance(event.get(key), bool)
    ]
    if found:
        return found
    if event.get("ts", 0) < 0 or event.get("dur", 0) < 0:
        found.append("negative time")
    if not event["name"]:
        found.append("no name")
    if phase == "i" and event["s"] not in ("g", "p", "t"):
        found.append("unknown scope")
    if phase == "C" and not (event["args"] and all(map(_is_number, event["args"].values()))):
        found.append("a counter without numbers")
    if phase == "M":
        key, kind = _METADATA.get(event["name"], ("", object))
        if not isinstance(event["args"].get(key), kind):
            found.append("unknown or incomplete metadata")
    return found


def _of_names(events: list[Event]) -> list[str]:
    """Every process and thread is named once, and no thread has the number of a process."""
    named = [(e["name"], e["pid"], e.get("tid", 0)) for e in events if e["ph"] == "M"]
    found = [f"named twice: {one}" for one, count in Counter(named).items() if count > 1]
    processes = {pid for name, pid, _ in named if name == "process_name"}
    threads = {(pid, tid) for name, pid, tid in named if name == "thread_name"}
    used = {(e["pid"], e["tid"]) for e in events if e["ph"] in "Xi"}
    found += [f"process {pid} has no name" for pid in {e["pid"] for e in events} - processes]
    found += [f"thread {pid, tid} has no name" for pid, tid in used - threads]
    found += [f"thread {pid, tid} is empty" for pid, tid in threads - used]
    found += [f"thread {tid} has the number of a process" for _, tid in threads if tid in processes]
    return found


def _of_slices(events: list[Event]) -> list[str]:
    """On each thread a slice lies in the one that is open as it begins, or begins when that has ended."""
    found, lanes = [], defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            lanes[event["pid"], event["tid"]].append(event)
    for lane in lanes.values():
        if [e["ts"] for e in lane] != sorted(e["ts"] for e in lane):
            found.append(f"not in the order of time: {lane[0]}")
        open_: list[Event] = []
        for event in lane:
            while open_ and _end(open_[-1]) <= event["ts"]:
                open_.pop()
            if open_ and _end(event) > _end(open_[-1]):
                found.append(f"overlaps {open_[-1]}: {event}")
            open_.append(event)
    return found


def _of_counters(events: list[Event]) -> list[str]:
    """A counter always has the same series, and its values come in the order of time."""
    found, series, last = [], {}, {}
    for event in events:
        if event["ph"] == "C":
            key = event["pid"], event["name"]
            if series.setdefault(key, set(event["args"])) != set(event["args"]):
                found.append(f"other series than before: {event}")
            if last.get(key, 0) > event["ts"]:
                found.append(f"earlier than the value before: {event}")
            last[key] = event["ts"]
    return found


def top_level(trace: dict[str, Any], pid: int, tid: int) -> list[Event]:
    """The slices of a thread that lie in no other."""
    found: list[Event] = []
    for event in trace["traceEvents"]:
        same = event["ph"] == "X" and (event["pid"], event["tid"]) == (pid, tid)
        if same and (not found or event["ts"] >= _end(found[-1])):
            found.append(event)
    return found


def names(trace: dict[str, Any], kind: str) -> dict[Any, str]:
    """The name of each process (by pid), or of each thread (by pid and tid)."""
    return {
        e["pid"] if kind == "process" else (e["pid"], e["tid"]): e["args"]["name"]
        for e in trace["traceEvents"]
        if e["name"] == f"{kind}_name" and e["ph"] == "M"
    }


def _end(event: Event) -> int:
    end: int = event["ts"] + event["dur"]
    return end


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
