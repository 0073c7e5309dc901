"""Images and their layers, as a scenario describes them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict
from pydantic.json_schema import JsonSchemaValue

from rolloutsim.manifests.layers import PLATFORM
from rolloutsim.scenario.fields import Number, Quantity, Short, Whole, fault, key, short, whole
from rolloutsim.scenario.model.kinds import (
    Also,
    Name,
    Share,
    Size,
    SizeOrNone,
    Spec,
    Words,
    at_least_one,
    ruled,
    without,
)

COMPRESSION_RATIO = 2.67  # the source stands at ImageSpec.ratio


_EQUAL = Whole(1, 1000)
Files = Annotated[int, Whole(0, 1_000_000_000)]
_FILES: Any = key(
    None, unit="files", shown="one for each 31.6 kB unpacked", description="files that unpacking makes; see disk.iops",
    source="N. Zhao et al., Large-Scale Analysis of the Docker Hub Dataset, CLUSTER 2019: 167 TB in 5.28 billion files",
)  # fmt: skip


class LayerSpec(Spec):
    """A layer."""

    model_config = ruled(at_least_one("compressed", "unpacked"))

    digest: Words | None = key(
        None, shown="<image>/<layer>", description="what makes layers the same: equal digests are fetched once"
    )
    compressed: Size | None = key(None, unit="size", shown="unpacked / ratio", description="bytes on the wire")
    unpacked: SizeOrNone | None = key(
        None, unit="size", shown="compressed * ratio", description="bytes that unpacking makes"
    )
    files: Files | None = _FILES


def _layers_by_name(value: Any) -> Any:
    """A list of layers as a map of their positions."""
    if isinstance(value, (list, tuple)):
        return {str(number): layer for number, layer in enumerate(value)}
    if not isinstance(value, Mapping):
        raise fault("layers must be a list of sizes, or a map of names to layers")
    return value


_LAYER = Annotated[LayerSpec, short("compressed", Quantity("size"), whole=True)]


_SIZE = Quantity("size")
_OF_ONE = ("digest", "files", "equal_layers")  # of an image of one layer, beside its sizes
_SIZES = ("size", "compressed", "unpacked")
_HAS_LAYERS: JsonSchemaValue = {"properties": {"layers": {"type": ["array", "object"]}}, "required": ["layers"]}
_HAS_NUMBER: JsonSchemaValue = {"properties": {"layers": {"type": "integer"}}, "required": ["layers"]}


def _as_in_files(schema: JsonSchemaValue) -> None:
    """Let the schema have what `_image` makes of a file's keys: `size` for `compressed`, and a number of layers."""
    keys = schema["properties"]
    keys["size"] = {**_SIZE.schema(), "description": "bytes on the wire; the same as `compressed`"}
    keys["layers"]["anyOf"].insert(0, _EQUAL.schema())
    schema["allOf"] = [
        without("size", "compressed"),
        {"anyOf": [_HAS_LAYERS, at_least_one(*_SIZES, "base", "manifest")]},
        {"if": _HAS_LAYERS, "then": {"properties": dict.fromkeys((*_SIZES, *_OF_ONE), False)}},
        {"if": _HAS_NUMBER, "then": {"properties": {"equal_layers": False}, **at_least_one(*_SIZES)}},
        {"dependentSchemas": dict.fromkeys(_OF_ONE, at_least_one(*_SIZES))},
        {"dependentRequired": {"platform": ["manifest"]}},
        without("manifest", "base", "layers", *_SIZES, "digest", "equal_layers"),
    ]


class ImageSpec(Spec):
    """An image: a base's layers and its own, or one layer."""

    model_config = ConfigDict(json_schema_extra=_as_in_files)

    base: Words | None = key(None, description="the image whose layers come first")
    layers: (
        Annotated[
            dict[Words, _LAYER],
            Also(minProperties=1),
            Short(
                _layers_by_name,
                "list of layers",
                lambda long: [
                    {"type": "array", "items": next(iter(long["patternProperties"].values())), "minItems": 1}
                ],
            ),
        ]
        | None
    ) = key(
        None,
        name="layer",
        description="the image's own layers, from the base to the top; a number divides its size into equal ones",
    )
    manifest: Words | None = key(
        None,
        description="a file with its manifest, which tells its layers: as crane manifest, skopeo inspect --raw and "
        "docker manifest inspect -v print it; where it is not absolute it is looked for beside the scenario's file",
    )
    platform: Words | None = key(
        None, shown=PLATFORM, source="assumed: what most nodes are",
        description="whose layers are taken from a manifest of several platforms",
    )  # fmt: skip
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
    files: Files | None = _FILES
    equal_layers: Annotated[int, _EQUAL] | None = key(
        None, unit="layers", shown="1", source="assumed",
        description="layers of equal sizes that an image of which only these are known is divided into; "
        "`{size: 5.6 GB, layers: 8}` is short for it",
    )  # fmt: skip
    needed: Share | None = key(
        None, unit="share", shown="the snapshotter's or volume_snapshot's",
        description="share of its bytes that containers read before they are ready, on nodes with a snapshotter, or "
        "with a volume_snapshot that holds it",
    )  # fmt: skip
    reuse: Share | None = key(
        None, unit="share", shown="none: it is not compressed as zstd:chunked",
        description="share of each of its layers that nodes have in other layers, file by file, and do not fetch where "
        "they have partial_images; layers of the same digest are not fetched anyway",
    )  # fmt: skip


_ONE_SIZE = short("compressed", _SIZE, whole=True, hint="several layers are {layers: [3 MB, 12 MB]}")


def _image(value: Any) -> Any:
    """An image in its long form: a size stands for one layer, a size and a number of layers for equal ones."""
    value = _ONE_SIZE.expand(value)
    if not isinstance(value, Mapping):
        return value
    image = dict(value)
    if "size" in image:
        if "compressed" in image:
            raise fault("'size' and 'compressed' are the same: the bytes on the wire; give one of them")
        image["compressed"] = image.pop("size")
    if whole(image.get("layers")) is not None:
        if "equal_layers" in image:
            raise fault("a number of 'layers' and 'equal_layers' are the same; give one of them")
        image["equal_layers"] = _EQUAL.read(image.pop("layers"))
    return image


Image = Annotated[ImageSpec, Short(_image, _ONE_SIZE.words, lambda long: [_SIZE.schema()], also={"size": "compressed"})]
