"""What people have of their cluster, made a scenario: images, nodes, workloads, kubelet configurations.

Reading order: `documents` (files as data), `streams`, `tars`, `blobs` (archives as data), `registry` (manifests that
are asked for by name), `manifests`, `archives`, `totals`, `cluster`, `kubernetes` (which objects roll out),
`workloads`, `probes`, `pods`, `compose`, `containerd`, `hosts`, `soci`, `instances` (what a document tells), `found`
(all of it together), `drafts` (the scenario, each value with where it is from), `writing` (its text), `editing`
(values set in a text that is there: `tree` says where they stand, `remarks` what the comments behind them say),
`setting` (the same by the paths of `--set`), `besides` (scenarios as the variants of one), `assumptions` (what nothing
told, as the key `assumed` says it), `merging` (what files tell, in a scenario that is there: `matching` says what is
what).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["CREDENTIALS", "Allowed", "Imported", "Merged", "imported", "merged"]

if TYPE_CHECKING:
    from rolloutsim.imports.imported import Imported, imported, merged
    from rolloutsim.imports.merging import Merged
    from rolloutsim.imports.registry.asked import CREDENTIALS, Allowed
else:
    __getattr__ = front(
        __name__,
        {
            "imported": ("Imported", "imported", "merged"),
            "merging": ("Merged",),
            "registry.asked": ("Allowed", "CREDENTIALS"),
        },
    )
