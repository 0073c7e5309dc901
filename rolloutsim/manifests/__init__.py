"""Manifests of images as `crane`, `skopeo` and `docker` print them: layers and their sizes.

Reading order: `shapes` (parts of a document, taken out with care), `layers` (what a manifest tells of them).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.manifests import layers, shapes
else:
    __getattr__ = front(__name__)

__all__: list[str] = []
