"""What was found, made a scenario: its nodes, images and workloads, and the list of what had to be assumed."""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.imports.drafts import (
        assumed,
        draft,
        groups,
        images,
        machines,
        nodes,
        placing,
        references,
        running,
        runtimes,
        totals,
        workloads,
    )
else:
    __getattr__ = front(__name__)

__all__: list[str] = []
