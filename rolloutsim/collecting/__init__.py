"""From a finished case to its records.

- `cases`: the ledger's columns as arrays, and the links' facts.
- `orchestration`: pods, kubelets, faults, pushes and disks.
"""

from rolloutsim.collecting.cases import collect as collect
