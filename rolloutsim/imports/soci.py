"""The SOCI snapshotter's configuration: how it pulls, in parallel or lazily.

Pinned source: soci-snapshotter config/parallel.go at 4a78fc69, config/defaults.go at e72e02d8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundConfig
from rolloutsim.imports.shapes import mapping, part, text, whole
from rolloutsim.imports.tuning import UNLIMITED, Tuned, flag, limit_or
from rolloutsim.units import exact_text

_DOWNLOADS, _UNPACKS = 3, 1  # config/defaults.go: of an image; of all together there is no limit
_LEAST_CHUNK = 512  # bytes; the least that layer_fetch_buffer takes
_SIZE = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*(gb|mb|kb|b)?\s*", re.I)
_UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30}  # config/parallel.go: binary
_SPAN = 4 * 2**20  # bytes of a span, of which the background fetches one each period: soci create


def is_soci(content: Any) -> bool:
    """Whether data is a configuration of the SOCI snapshotter."""
    return isinstance(part(content, "pull_modes"), Mapping) or (
        isinstance(part(content, "content_store"), Mapping) and isinstance(part(content, "cri_keychain"), Mapping)
    )


def take(one: Document, found: Found) -> None:
    """Take a configuration in."""
    found.snapshotters.append(FoundConfig(one.label, one.place, one.content))


def tuned(config: FoundConfig) -> Tuned:
    """What a configuration sets, on nodes whose containerd pulls with it.

    Raises
    ------
    UnreadableError
        If a value cannot be.
    """
    found = Tuned()
    mode = mapping(config.content, "pull_modes", "parallel_pull_unpack")
    if flag(mode, config.place, "enable"):
        _parallel(mode, config, found)
    else:
        _lazy(config, found)
    used = ("pull_modes", "background_fetch", "debug")
    if text(config.content, "content_store", "type") == "soci":
        found.notes.append(f"content_store soci of {config.origin} has no key here; simulated as containerd's")
    others = [key for key in config.content if key not in used]
    if others:
        found.notes.append(f"not used of {config.origin}: {', '.join(f'{key!s:.60}' for key in others[:12])}")
    return found


def _parallel(mode: Mapping[str, Any], config: FoundConfig, found: Tuned) -> None:
    place = config.place
    of_all, all_said = limit_or(mode, place, "max_concurrent_downloads", UNLIMITED)
    of_one, one_said = limit_or(mode, place, "max_concurrent_downloads_per_image", _DOWNLOADS)
    if of_all <= of_one < UNLIMITED or of_one == UNLIMITED:
        found.settings["parallel_layers"] = (of_all, all_said)
        found.settings["slots_per"] = ("node", "of all images together")
    else:
        found.settings["parallel_layers"] = (of_one, one_said)
        found.settings["slots_per"] = ("image", "per_image")
        if of_all < UNLIMITED:
            found.notes.append(
                f"max_concurrent_downloads {of_all} of {config.origin} has no key beside that of an image, {of_one}"
            )
    chunk = _size(part(mode, "concurrent_download_chunk_size"), place)
    if chunk >= _LEAST_CHUNK:
        found.settings["layer_fetch_buffer"] = (exact_text("size", chunk), "concurrent_download_chunk_size")
    elif chunk:
        found.notes.append(f"concurrent_download_chunk_size {chunk} B of {config.origin} is less than {_LEAST_CHUNK} B")
    of_all, _ = limit_or(mode, place, "max_concurrent_unpacks", UNLIMITED)
    of_one, said = limit_or(mode, place, "max_concurrent_unpacks_per_image", _UNPACKS)
    found.settings["parallel_unpacks"] = (of_one, said)
    if of_all != UNLIMITED:
        found.notes.append(f"max_concurrent_unpacks {of_all} of {config.origin} has no key here: it is of all images")
    discards = flag(mode, place, "discard_unpacked_layers")
    found.settings["keeps_compressed"] = (not discards, f"discard_unpacked_layers {str(discards).lower()}")
    for kind, stream in mapping(mode, "decompress_streams").items():
        path = text(stream, "path") or "another program"
        found.notes.append(
            f"{config.origin} decompresses {kind!s:.60} by {path:.60}; how fast is not told: set "
            "nodes.<group>.unpack.rate"
        )


def _size(value: Any, place: str) -> int:
    """A size as SOCI reads it [B]; 0: none."""
    if value is None or value == "":
        return 0
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UnreadableError(
            f"{place}: concurrent_download_chunk_size is {value!r:.60}; it is a text such as 16mb, of b, kb, mb or gb"
        )
    return int(float(match[1]) * _UNITS[(match[2] or "").lower()])


def _lazy(config: FoundConfig, found: Tuned) -> None:
    """Its lazy modes, of which the second is on by itself."""
    modes = mapping(config.content, "pull_modes")
    is_lazy = flag(mapping(modes, "soci_v1"), config.place, "enable") or (
        part(modes, "soci_v2", "enable") is None or flag(mapping(modes, "soci_v2"), config.place, "enable")
    )
    if not is_lazy:
        found.notes.append(f"{config.origin} has no mode on; images are pulled as without it")
        return
    background = mapping(config.content, "background_fetch")
    value: dict[str, Any] = {"kind": "soci"}
    if flag(background, config.place, "disable") or flag(config.content, config.place, "no_background_fetch"):
        value["background"] = False
    silence = whole(background, config.place, "silence_period_msec")
    if silence:
        value["background_after"] = f"{silence} ms"
    period = whole(background, config.place, "fetch_period_msec")
    if period:
        value["background_rate"] = exact_text("rate", _SPAN * 1000 / period)
    found.settings["snapshotter"] = (value, "lazy; images are taken to have its index")
