"""What registries send, and how often layers come into caches, of scenarios side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rolloutsim.results.numerals import show_share
from rolloutsim.results.shown.supply import COPIES
from rolloutsim.results.shown.tabular import SHARE, SIZE, TEXT, Column, Table
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.metrics import CaseSummary


@struct
class _Sent:
    """What the registries of one scenario send in a case, and those of the first."""

    side: str
    case: str
    egress: float  # [B]
    first: float | None  # [B]; None: it is the first, or has no such case
    copies: float | None  # of a layer that came into a cache, the mean; None: none came


def supply_beside(sides: Mapping[str, Mapping[str, CaseSummary]], what: str) -> Table | None:
    """A row for each scenario and case; None where none of them has caches, mirrors or peers.

    Parameters
    ----------
    sides : mapping of str to mapping of str to CaseSummary
        The figures of each scenario by its name, and in it by the case.
    what : str
        What they are: `variant`.
    """
    if not any(figures.supply is not None for cases in sides.values() for figures in cases.values()):
        return None
    rows = list(_rows(sides))
    several = len({row.case for row in rows}) > 1
    has_copies = any(row.copies is not None for row in rows)
    columns = (
        *((Column("rollout of", TEXT, lambda row: row.case),) if several else ()),
        Column(what, TEXT, lambda row: row.side),
        Column("sent by registries", SIZE, lambda row: row.egress),
        Column("in %", SHARE, _relative, _shown),
        *((Column("copies of a layer into caches", COPIES, lambda row: row.copies),) if has_copies else ()),
    )
    return Table(columns, rows, lambda row: f"{what}:{row.side}")


def _rows(sides: Mapping[str, Mapping[str, CaseSummary]]) -> Iterator[_Sent]:
    first = next(iter(sides))
    for case in dict.fromkeys(case for cases in sides.values() for case in cases):
        own = sides[first].get(case)
        for side, cases in sides.items():
            if case in cases:
                supply = cases[case].supply
                copies = None if supply is None or supply.upstream_copies is None else supply.upstream_copies.mean
                before = None if side == first or own is None else _egress(own)
                yield _Sent(side, case, _egress(cases[case]), before, copies)


def _egress(figures: CaseSummary) -> float:
    """All layers that left registries [B]: those that nodes fetch, where these ask nobody else."""
    return figures.bytes_on_wire if figures.supply is None else figures.supply.egress


def _relative(row: _Sent) -> float | None:
    return row.egress / row.first - 1.0 if row.first else None


def _shown(row: _Sent) -> str:
    change = _relative(row)
    return "" if change is None else f"{'+' if change >= 0.0 else '−'}{show_share(abs(change))}"
