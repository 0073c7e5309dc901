"""Pulls and their layers as spans of OpenTelemetry: what a tracing backend shows of a rollout."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run

_INTERNAL = 1  # opentelemetry-proto trace/v1/trace.proto: SpanKind
_OK, _ERROR = 1, 2  # Status.StatusCode


def otlp(run: Run, case: CaseRecords, epoch: float) -> tuple[str, list[str]]:
    """The pulls of a case as one request of OTLP in JSON: a trace each, with a span for each fetch and unpack.

    Parameters
    ----------
    run : Run
        The case's.
    case : CaseRecords
        What happened in it.
    epoch : float
        Unix time of the rollout's start [s].

    Returns
    -------
    str
        JSON, as `POST /v1/traces` takes it (opentelemetry-proto, docs/specification.md, OTLP/HTTP).
    list of str
        What to know of it.
    """
    writer = _Spans(f"{run.scenario.sha256}/{run.seed}/{case.name}", case, epoch)
    spans = [*writer.spans()]
    resource = {
        "service.name": "rolloutsim", "service.version": run.provenance.get("rolloutsim", ""),
        "rolloutsim.scenario": run.scenario.name, "rolloutsim.case": case.name, "rolloutsim.seed": run.seed,
    }  # fmt: skip
    content = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": {"name": "rolloutsim"}, "spans": spans}],
            }
        ]
    }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
    return text, [f"{len(spans)} spans of {len(case.pulls.node)} pulls"]


class _Spans:
    """The spans of a case; ids follow from what it is, so that the same result gives the same bytes."""

    def __init__(self, seed: str, case: CaseRecords, epoch: float) -> None:
        self.seed, self.case = seed, case
        self.epoch = round(epoch * 1e9)  # ns

    def spans(self) -> Iterator[dict[str, Any]]:
        """All of them, a pull's own before those of its layers."""
        pulls, fetches, unpacks = self.case.pulls, self.case.fetches, self.case.unpacks
        fetched, unpacked = defaultdict(list), defaultdict(list)
        for row, pull in enumerate(fetches.pull.tolist()):
            fetched[pull].append(row)
        for row, fetch in enumerate(unpacks.fetch.tolist()):
            unpacked[int(fetches.pull[fetch])].append(row)
        for pull, began in enumerate(pulls.asked.tolist()):
            if isnan(began):
                continue
            yield self._pull(pull)
            for row in fetched[pull]:
                yield from self._layer(pull, "fetch", row, row, fetches.granted[row], fetches.fetched[row])
            for row in unpacked[pull]:
                fetch = int(unpacks.fetch[row])
                yield from self._layer(pull, "unpack", row, fetch, unpacks.started[row], unpacks.unpacked[row])

    def _pull(self, pull: int) -> dict[str, Any]:
        case, pulls = self.case, self.case.pulls
        name = case.images[int(pulls.image[pull])].name
        about: dict[str, Any] = {
            "k8s.node.name": case.node_names[int(pulls.node[pull])], "container.image.name": name,
        }  # fmt: skip
        reason = int(pulls.reason[pull])
        if reason >= 0:
            about["error.type"] = case.reasons[reason]
        ended = pulls.failed[pull] if reason >= 0 else pulls.pulled[pull]
        return self._span(pull, ("pull", pull), None, f"pull {name}", (pulls.asked[pull], ended), about, reason >= 0)

    def _layer(
        self, pull: int, what: str, row: int, fetch: int, began: float, ended: float
    ) -> Iterator[dict[str, Any]]:
        if isnan(began):
            return
        fetches = self.case.fetches
        about: dict[str, Any] = {"container.image.layer.digest": self.case.layers[int(fetches.layer[fetch])].digest}
        if what == "fetch":
            about["network.io.bytes"] = float(fetches.bytes_done[fetch])
            source = int(fetches.source[fetch]) if len(fetches.source) else -1
            if source >= 0:
                about["server.address"] = self.case.sources[source]
        yield self._span(pull, (what, row), ("pull", pull), f"{what} layer", (began, ended), about)

    def _end(self, moment: float) -> float:
        """What did not end lasts as long as the simulation."""
        return self.case.end if isnan(moment) else moment

    def _id(self, size: int, kind: str, row: int) -> str:
        return hashlib.sha256(f"{self.seed}/{kind}/{row}".encode()).hexdigest()[: 2 * size]

    def _span(
        self, pull: int, own: tuple[str, int], parent: tuple[str, int] | None, name: str, lasts: tuple[float, float],
        about: Mapping[str, Any], failed: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        began, ended = float(lasts[0]), self._end(float(lasts[1]))
        found: dict[str, Any] = {"traceId": self._id(16, "pull", pull), "spanId": self._id(8, *own)}
        if parent is not None:
            found["parentSpanId"] = self._id(8, *parent)
        return {
            **found, "name": name, "kind": _INTERNAL,
            "startTimeUnixNano": str(self.epoch + round(began * 1e9)),
            "endTimeUnixNano": str(self.epoch + round(max(began, ended) * 1e9)),
            "attributes": _attributes(about), "status": {"code": _ERROR if failed else _OK},
        }  # fmt: skip


def _attributes(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in about.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}
