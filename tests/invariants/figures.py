"""What a result says, value by value: every value of its JSON by its way there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# What says which row of a list it is.
_NAMES = (
    "case", "link", "node", "pod", "layer", "workload", "registry", "server", "fault", "name", "image", "cause",
    "metric",
)  # fmt: skip


def leaves(value: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document by its way there; rows go by what they are about, not by place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{way}/{key}")
    elif isinstance(value, list):
        seen: Counter[str] = Counter()
        for item in value:
            name = "".join(f"[{item[key]}]" for key in _NAMES if key in item) if isinstance(item, dict) else ""
            yield from leaves(item, f"{way}/{name}#{seen[name]}")
            seen[name] += 1
    else:
        yield way, value
