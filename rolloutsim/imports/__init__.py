"""What people have of their cluster, made a scenario: manifests of images, nodes, workloads, kubelet configurations.

Reading order: `documents` (files as data), `registry` (manifests that are asked for by name), `manifests`, `nodes`,
`kubelets`, `workloads` (what a document tells), `found` (all of it together), `drafts` (the scenario, each value with
where it is from), `writing` (its text).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["Imported", "imported", "Allowed", "CREDENTIALS"]

if TYPE_CHECKING:
    from rolloutsim.imports.imported import Imported, imported
    from rolloutsim.imports.registry.asked import CREDENTIALS, Allowed
else:
    __getattr__ = front(__name__, {"imported": ("Imported", "imported"), "registry.asked": ("Allowed", "CREDENTIALS")})
