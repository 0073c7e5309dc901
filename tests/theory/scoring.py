"""How well predictions of measured pulls do: errors, the one line that sums them up, and the bounds they are held to.

A case that could not be predicted is as far off as can be: it counts as missed, and is never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, median

# What "within 10 %" means.
NEAR = 0.10


@dataclass(frozen=True)
class Scored:
    """A measured case and its prediction; times are [s], bytes [B].

    Parameters
    ----------
    name : str
        The case.
    core : bool
        Whether a model should predict it.
    fitted : bool
        Whether a parameter was chosen by looking at it.
    measured, predicted : float
        Rollout time; None: it could not be predicted.
    measured_bytes, predicted_bytes : float or None
        What the registry sent; None: not measured, or not predicted.
    whole_bytes : float
        Errors of bytes are shares of what was measured, or of so many, which is one copy of the image, where less was:
        what headers and checks of tags take is no error of anybody's.
    measured_nodes, predicted_nodes : sequence of float
        How long the nodes took, in the same order; empty: not predicted.
    why_not : str
        Why it could not be predicted.
    """

    name: str
    core: bool
    fitted: bool
    measured: float
    predicted: float | None
    measured_bytes: float | None = None
    predicted_bytes: float | None = None
    whole_bytes: float = 0.0
    measured_nodes: Sequence[float] = ()
    predicted_nodes: Sequence[float] = ()
    why_not: str = ""

    @property
    def error(self) -> float:
        """Of the rollout time, relative."""
        return inf if self.predicted is None else self.predicted / self.measured - 1

    @property
    def byte_error(self) -> float | None:
        """Of what the registry sent, relative; None: not measured."""
        if self.measured_bytes is None:
            return None
        if self.predicted_bytes is None:
            return inf
        return (self.predicted_bytes - self.measured_bytes) / max(self.measured_bytes, self.whole_bytes)

    @property
    def node_error(self) -> float | None:
        """Of the nodes' times, mean absolute, relative; None: there is nothing to compare."""
        if not self.predicted_nodes:
            return None
        pairs = zip(self.predicted_nodes, self.measured_nodes, strict=True)
        return fmean(abs(ours / theirs - 1) for ours, theirs in pairs)


@dataclass(frozen=True)
class Bounds:
    """What the errors of core cases may be at the most, all relative; `near` is the least share within 10 %."""

    median: float
    near: float
    largest: float
    byte_median: float
    byte_largest: float
    nodes: float


@dataclass(frozen=True)
class Score:
    """The errors of the core cases, summed up."""

    count: int
    median: float
    near: float
    largest: float
    byte_median: float | None
    byte_largest: float | None
    nodes: float | None

    def line(self) -> str:
        """All in one line."""
        parts = [
            f"median {_percent(self.median)}",
            f"within 10 %: {_percent(self.near)}",
            f"largest {_percent(self.largest)}",
            f"bytes median {_percent(self.byte_median)}",
            f"node times mean {_percent(self.nodes)}",
        ]
        return f"core {self.count}: " + ", ".join(parts)

    def missed(self, bounds: Bounds) -> list[str]:
        """The bounds that do not hold, each in words; what was not measured misses none."""
        checks = [
            ("median error of the rollout time", self.median, bounds.median),
            ("largest error of the rollout time", self.largest, bounds.largest),
            ("median error of the registry's bytes", self.byte_median, bounds.byte_median),
            ("largest error of the registry's bytes", self.byte_largest, bounds.byte_largest),
            ("mean error of the nodes' times", self.nodes, bounds.nodes),
        ]
        found = [
            f"{what} {_percent(value)}, above {_percent(bound)}"
            for what, value, bound in checks
            if value is not None and value > bound
        ]
        if self.near < bounds.near:
            found.append(f"share of rollout times within 10 % {_percent(self.near)}, below {_percent(bounds.near)}")
        return found


def score(cases: Iterable[Scored]) -> Score:
    """Of the core cases among some."""
    core = [case for case in cases if case.core]
    errors = [abs(case.error) for case in core]
    sent = [abs(case.byte_error) for case in core if case.byte_error is not None]
    nodes = [case.node_error for case in core if case.node_error is not None]
    return Score(
        len(core),
        median(errors) if errors else inf,
        fmean(error <= NEAR for error in errors) if errors else 0.0,
        max(errors, default=inf),
        median(sent) if sent else None,
        max(sent) if sent else None,
        fmean(nodes) if nodes else None,
    )


def table(cases: Sequence[Scored]) -> list[str]:
    """A Markdown table of all cases, those first that are core."""
    lines = [
        "| case | core | measured | predicted | error | bytes measured | predicted | error | node times | parameters |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for case in sorted(cases, key=lambda one: (not one.core, one.name)):
        cells = [case.name, "yes" if case.core else "no", f"{case.measured:.2f} s"]
        if case.predicted is None:
            cells += ["none", "missed"]
        else:
            cells += [f"{case.predicted:.2f} s", f"{case.error:+.1%}"]
        cells += [_megabytes(case.measured_bytes), _megabytes(case.predicted_bytes), _signed(case.byte_error)]
        cells += [_percent(case.node_error), "fitted" if case.fitted else "held out"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def report(cases: Sequence[Scored], bounds: Bounds) -> tuple[str, int]:
    """What a command says at its end, the line that sums up last, and its exit status: 1 if a bound is missed."""
    found = score(cases)
    missed = found.missed(bounds)
    lines = [f"not predicted: {case.name}: {case.why_not}" for case in cases if case.predicted is None]
    lines += [f"missed: {one}" for one in missed]
    return "\n".join([*lines, found.line()]), int(bool(missed))


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{100 * share:.1f} %"


def _signed(share: float | None) -> str:
    return "unknown" if share is None else "missed" if share == inf else f"{share:+.1%}"


def _megabytes(size: float | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:.2f} MB"
