"""Images and their layers, as a scenario describes them."""

from collections.abc import Mapping
from typing import Annotated, Any

from rolloutsim.scenario.fields import Number, Quantity, Short, fault, key, short
from rolloutsim.scenario.model.kinds import Name, Size, SizeOrNone, Spec, Words

COMPRESSION_RATIO = 2.67  # the source stands at ImageSpec.ratio


class LayerSpec(Spec):
    """A layer."""

    digest: Words | None = key(
        None, shown="<image>/<layer>", description="what makes layers the same: equal digests are fetched once"
    )
    compressed: Size | None = key(None, unit="size", shown="unpacked / ratio", description="bytes on the wire")
    unpacked: SizeOrNone | None = key(
        None, unit="size", shown="compressed * ratio", description="bytes that unpacking makes"
    )


def _layers_by_name(value: Any) -> Any:
    """A list of layers as a map of their positions."""
    if isinstance(value, (list, tuple)):
        return {str(number): layer for number, layer in enumerate(value)}
    if not isinstance(value, Mapping):
        raise fault("layers must be a list of sizes, or a map of names to layers")
    return value


_LAYER = Annotated[LayerSpec, short("compressed", Quantity("size"), whole=True)]


class ImageSpec(Spec):
    """An image: a base's layers and its own, or one layer."""

    base: Words | None = key(None, description="the image whose layers come first")
    layers: (
        Annotated[
            dict[Words, _LAYER],
            Short(
                _layers_by_name,
                "list of layers",
                lambda long: [{"type": "array", "items": next(iter(long["patternProperties"].values()))}],
            ),
        ]
        | None
    ) = key(None, name="layer", description="the image's own layers, from the base to the top")
    ratio: Annotated[float, Number(0.01, most=1000)] | None = key(
        None, unit="ratio", shown=str(COMPRESSION_RATIO),
        description="unpacked / compressed bytes, for layers that give only one of the two",
        source="median of nine published pairs, 2.35 to 3.45: docker-library/repo-info, accelerated-container-image "
        "docs/TURBO_OCI.md",
    )  # fmt: skip
    registry: Name | None = key(
        None, shown="the only registry", description="the registry that serves it; needed where there are several"
    )
    digest: Words | None = key(None, shown="<image>/0", description="digest of an image of one layer")
    compressed: Size | None = key(None, unit="size", description="bytes on the wire of an image of one layer")
    unpacked: SizeOrNone | None = key(None, unit="size", description="bytes that unpacking an image of one layer makes")


Image = Annotated[
    ImageSpec, short("compressed", Quantity("size"), whole=True, hint="several layers are {layers: [3 MB, 12 MB]}")
]
