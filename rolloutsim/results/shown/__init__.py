"""A run as people and their tools read it.

- `tabular`: a table as plain text
- `tables`: the tables of a run
- `findings`: what workloads, faults and disks add, in words
- `annotations`: workflow commands for GitHub
- `junit`: thresholds as JUnit XML
- `sarif`: errors of scenario files, for code scanning
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results.shown import annotations, sarif, tables, tabular
else:
    __getattr__ = front(__name__)
