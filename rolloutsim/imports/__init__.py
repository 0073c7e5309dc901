"""What people have of their cluster, made a scenario: manifests, nodes, workloads, configurations of what pulls.

Reading order: `documents` (files as data), `manifests`, `cluster`, `workloads`, `containerd`, `hosts`, `soci` (what a
document tells), `found` (all of it together), `drafts` (the scenario, each value with where it is from), `writing` (its
text).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["Imported", "imported"]

if TYPE_CHECKING:
    from rolloutsim.imports.imported import Imported, imported
else:
    __getattr__ = front(__name__, {"imported": ("Imported", "imported")})
