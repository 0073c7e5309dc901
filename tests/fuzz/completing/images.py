"""Images: layers, bases and digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.completing.values import SIZES, drop

if TYPE_CHECKING:
    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data


def complete_images(drawn: Drawn) -> None:
    data, random = drawn.data, drawn.random
    if not data.get("images"):
        data["images"] = {"app": random.choice(SIZES)}
    known: dict[str, Data] = {}
    before: list[str] = []
    for name, image in data["images"].items():
        if isinstance(image, dict):
            if image.get("base", "") not in before:
                drawn.instead(image, "base", before)
            _image(drawn, image, known)
        elif isinstance(image, str) and not image.strip()[:1].isdigit():
            data["images"][name] = random.choice(SIZES)
        before.append(name)


def _image(drawn: Drawn, image: Data, known: dict[str, Data]) -> None:
    layers = image.get("layers")
    if isinstance(layers, (list, dict)):
        if not layers:
            del image["layers"]
        else:
            drop(image, ("size", "digest", "compressed", "unpacked", "files", "equal_layers"))
    if "size" in image:
        drop(image, ("compressed",))
    elif not {"compressed", "unpacked", "base"} & image.keys() and not image.get("layers"):
        image["size"] = drawn.random.choice(SIZES)
    elif "base" in image and not {"compressed", "unpacked"} & image.keys():
        drop(image, ("digest", "files", "equal_layers"))
        if isinstance(image.get("layers"), int):
            del image["layers"]
    if "equal_layers" in image and "layers" in image:
        del image["equal_layers"]
    for layer in layers.values() if isinstance(layers, dict) else layers if isinstance(layers, list) else ():
        if isinstance(layer, dict):
            if not {"compressed", "unpacked"} & layer.keys():
                layer["compressed"] = drawn.random.choice(SIZES)
            _same_layer(drawn, layer, known)
    if "digest" in image:
        _same_layer(drawn, image, known)
        drop(image, ("equal_layers", "layers"))


def _same_layer(drawn: Drawn, layer: Data, known: dict[str, Data]) -> None:
    """A layer has the sizes that another has with its digest."""
    if "digest" not in layer:
        return
    first = known.setdefault(layer["digest"], layer)
    if first is layer:
        return
    drop(layer, ("size", "compressed", "unpacked", "ratio"))
    for key, value in first.items():
        if key in ("size", "compressed", "unpacked", "ratio"):
            layer[key if key != "size" or "images" in layer else "compressed"] = value
