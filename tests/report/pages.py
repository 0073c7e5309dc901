"""Reports that several tests look at; each is drawn once in a process."""

from functools import cache

import rolloutsim as rs
from rolloutsim.report.page import to_html
from rolloutsim.report.sweep_contents import report_of_sweep
from tests.shipped import result_of


@cache
def page_of(name: str) -> str:
    """The report of a shipped scenario."""
    return result_of(name).to_html()


def fleet_10k_page() -> str:
    """The report of 10,000 nodes."""
    return page_of("fleet-10k")


def sweep_page() -> str:
    """The report of 500 points."""
    scenario = rs.Scenario(
        name="sweep", model="ideal", nodes=2, network="1 Gbit/s", images={"a": "100 MB", "b": "300 MB"}
    )
    rates = [f"{rate} Gbit/s" for rate in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]
    sweep = scenario.sweep({"nodes": list(range(1, 51)), "network": rates}, jobs=1)
    return to_html((report_of_sweep(sweep.records),))
