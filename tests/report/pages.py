"""Large reports, for the tests of their size and of the browser."""

import rolloutsim as rs
from rolloutsim.api.result import Result
from rolloutsim.report.page import to_html
from rolloutsim.report.sweep_contents import report_of_sweep
from rolloutsim.results.outcome import Outcome
from tests.report.runs import shipped


def fleet_10k_page() -> str:
    """The report of 10,000 nodes."""
    return Result(Outcome(shipped("fleet-10k"))).to_html()


def sweep_page() -> str:
    """The report of 500 points."""
    scenario = rs.Scenario(
        name="sweep", model="ideal", nodes=2, network="1 Gbit/s", images={"a": "100 MB", "b": "300 MB"}
    )
    sweep = scenario.sweep(
        {"nodes": list(range(1, 51)), "network": [f"{rate} Gbit/s" for rate in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]}
    )
    return to_html((report_of_sweep(sweep.records),))
