"""Events as kubectl prints them for people: `kubectl describe pod`, `kubectl get events`, `kubectl events`."""

from __future__ import annotations

import re

from rolloutsim.imports.observed import messages, times
from rolloutsim.imports.observed.seen import Seen, Source
from rolloutsim.structs import struct

_AGE = r"(<unknown>|<invalid>|[0-9][0-9ydhms]{0,20})(?: \(x([0-9]{1,9}) over [0-9ydhms<>a-z]{1,20}\))?"
_DESCRIBED = re.compile(
    rf"\s{{0,100}}(?:Normal|Warning)\s{{1,100}}(\w{{1,80}})\s{{1,100}}{_AGE}\s{{1,100}}"
    r"([^\s,]{1,100})(?:, (\S{1,255}))?\s{1,100}(\S.*)"
)
_LISTED = re.compile(
    rf"(?:([a-z0-9][a-z0-9-]{{0,62}})\s{{1,100}})?{_AGE}\s{{1,100}}(?:Normal|Warning)\s{{1,100}}(\w{{1,80}})\s{{1,100}}"
    r"([A-Za-z]{1,60})/(\S{1,253})\s{1,500}(\S.*)"
)
_HEADS = re.compile(r"\s{0,100}Type\s{1,100}Reason\s{1,100}Age\s{1,100}From\s{1,100}Message\b")
_LIST_HEADS = re.compile(r"(NAMESPACE\s{1,100})?LAST SEEN\s{1,100}TYPE\s{1,100}REASON\s{1,100}OBJECT\s{1,100}\S")
_KEY = re.compile(r"(Name|Namespace|Node):\s{1,100}([^\s/]{1,253})")
_HOST = re.compile(r"\bkubelet, (\S{1,253})")


@struct
class _Row:
    """An event in a table."""

    said: str
    reason: str
    age: float | None  # [s]
    count: int
    pod: str | None
    node: str | None
    block: int  # which pod's description it stands in, 0: a list
    place: str


class Tables:
    """The events of a file's tables; `finish` when all were read.

    Parameters
    ----------
    seen : Seen
        What it is added to.
    origin : str
        The file, the clock of its ages.
    """

    def __init__(self, seen: Seen, origin: str) -> None:
        self._seen = seen
        self._origin = origin
        self._rows: list[_Row] = []
        self._kind = ""
        self._block = 0
        self._is_new = True
        self._about: dict[str, str] = {}

    def take(self, line: str, place: str) -> bool:
        """Whether a line is of such a table; it is taken then."""
        key = _KEY.match(line)
        if key is not None:
            if key[1] == "Name":
                self._about = {}
                self._begin()
            self._about[key[1]] = key[2]
            return False  # many things look so
        if line.startswith("Events:"):
            if not self._is_new:
                self._about = {}
            self._begin()
            return False
        if _HEADS.match(line):
            self._kind = "described"
            return True
        heads = _LIST_HEADS.match(line)
        if heads:
            self._kind = "listed in namespaces" if heads[1] else "listed"
            return True
        if not self._kind:
            return False
        row = self._described(line, place) if self._kind == "described" else self._listed(line, place)
        if row is None:
            return line.strip().startswith("----")
        self._rows.append(row)
        self._is_new = False
        return True

    def _begin(self) -> None:
        self._block += 1
        self._is_new = True
        self._kind = ""

    def _described(self, line: str, place: str) -> _Row | None:
        match = _DESCRIBED.match(line)
        if match is None:
            return None
        reason, age, count, _, host, said = match.groups()
        name = self._about.get("Name")
        pod = f"{self._about.get('Namespace', 'default')}/{name}" if name else None
        node = host or self._about.get("Node")
        node = None if node in ("<none>", None) else node
        return _Row(said, reason, times.age(age), int(count or 1), pod, node, self._block, place)

    def _listed(self, line: str, place: str) -> _Row | None:
        match = _LISTED.match(line)
        if match is None:
            return None
        namespace, age, times_over, reason, kind, name, said = match.groups()
        count = int(times_over or 1)
        host = _HOST.search(said[:1000])
        if host is not None:  # -o wide: … SOURCE MESSAGE FIRST-SEEN COUNT NAME
            last = said.rsplit(None, 3)
            if len(last) == 4 and last[2].isdigit() and len(last[2]) < 10:
                count = max(1, int(last[2]))
        if self._kind == "listed":
            namespace = None
        pod = (f"{namespace}/{name}" if namespace else name) if kind.lower() == "pod" else None
        return _Row(said, reason, times.age(age), count, pod, host[1] if host else None, 0, place)

    def finish(self) -> None:
        """Take what the rows say, with the nodes that the scheduler's rows tell."""
        by_pod: dict[str, str] = {}
        by_block: dict[int, tuple[str, str]] = {}
        for row in self._rows:
            pair = messages.assigned(row.said) if row.reason == "Scheduled" else None
            if pair is not None:
                by_pod[pair[0]] = by_pod[pair[0].rpartition("/")[2]] = pair[1]
                if row.block:
                    by_block[row.block] = pair
        for row in self._rows:
            message = messages.message(row.said)
            if message is None:
                self._seen.others["events"] += 1
                continue
            pod, node = row.pod, row.node
            if row.block in by_block:
                pod, node = pod or by_block[row.block][0], node or by_block[row.block][1]
            node = node or by_pod.get(pod or "")
            at = -row.age if row.age is not None else None
            source = Source("kubectl's table of events", row.place, self._origin, at, 1.0, node, pod)
            self._seen.said(message, source, row.count)
