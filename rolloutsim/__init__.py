"""Simulates a container image rollout: a registry and N nodes pulling at the same time.

A newcomer reads in this order; every public name is here.

What one asks:

- `load`: a scenario from a file.
- `loads`: a scenario from text.
- `Scenario`: nodes, network, registries, images, thresholds; frozen and validated.
- `read`: a result from the folder that it was saved in.
- `compare`: results side by side, with intervals and verdicts.

What one gets:

- `Result`: a simulated scenario: its cases, why they took that long, its thresholds.
- `CaseResult`: one image's rollout: its times, nodes, pulls and links.
- `Sweep`: a scenario at many points: a DataFrame, a Dataset, a SQLite file.
- `Table`: columns of facts, such as the nodes of a case; as a DataFrame on demand.

What can go wrong:

- `RolloutsimError`: every error that this package raises on purpose.
- `ScenarioError`: a scenario is invalid; it carries a list of diagnostics.
- `Diagnostic`: what is wrong, where, what is allowed.
- `UsageError`: a file is missing, or a path into a scenario leads nowhere.
- `OutputError`: results cannot be written.

What lies beneath, for those who go on reading: `rolloutsim.simulation` (the main routine),
`rolloutsim.network` (bytes at max-min fair rates), `rolloutsim.fleet` (registry and nodes),
`rolloutsim.results` (facts and what they mean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.lazy import front
from rolloutsim.version import __version__ as __version__

__all__ = [
    "load",
    "loads",
    "Scenario",
    "read",
    "compare",
    "Result",
    "CaseResult",
    "Sweep",
    "Table",
    "RolloutsimError",
    "ScenarioError",
    "Diagnostic",
    "UsageError",
    "OutputError",
]  # fmt: skip

if TYPE_CHECKING:
    from rolloutsim.api.comparison import compare
    from rolloutsim.api.result import CaseResult, Result, read
    from rolloutsim.api.scenarios import Scenario, load, loads
    from rolloutsim.api.sweep import Sweep
    from rolloutsim.api.table import Table
    from rolloutsim.errors import Diagnostic, OutputError, RolloutsimError, ScenarioError, UsageError
else:
    __getattr__ = front(
        __name__,
        {
            "api.comparison": ("compare",),
            "api.result": ("CaseResult", "Result", "read"),
            "api.scenarios": ("Scenario", "load", "loads"),
            "api.sweep": ("Sweep",),
            "api.table": ("Table",),
            "errors": ("Diagnostic", "OutputError", "RolloutsimError", "ScenarioError", "UsageError"),
        },
    )


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
