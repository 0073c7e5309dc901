"""What a run means: records (facts), and everything that is derived from them.

Read in this order: `facts` (what the simulation writes down), `metrics` (the figures of a case), `time` (what each
pull, pod and node spent it on), `load` and `pods` (links, registries, disks, other applications; what workloads,
kubelets, faults and pushes add), `caveats` (what of them is not known), `parts` (which pulls, pods and nodes labels
choose), `thresholds` (were the conditions met), `why` (what, and who, was waited for, in words), `shown` (for people;
`numerals`: how numbers are written), `document` with `contract` (for programs), `trace` (a timeline),
`exports` (for other tools), `combine`
(several replications), `outcome` (all that came out of a scenario, each worked out once), `store` (that as a file;
`files`: how files are written).

An old result can be read here without running anything: no SimPy, no matplotlib.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results import (
        contract,
        document,
        exports,
        files,
        load,
        numerals,
        shown,
        store,
        thresholds,
        trace,
        why,
    )
else:
    __getattr__ = front(__name__)
