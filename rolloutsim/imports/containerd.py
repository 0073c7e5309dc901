"""Containerd's configuration, as `/etc/containerd/config.toml` or `containerd config dump`: what pulls depend on.

Pinned source: containerd docs/cri/config.md at f7e5f7ea (2.2), which says as well when pulls go through the transfer
service and when they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundConfig
from rolloutsim.imports.shapes import mapping, part, text, whole
from rolloutsim.imports.tuning import Tuned, flag, limit, seconds, shown
from rolloutsim.scenario.snapshotters import SNAPSHOTTERS
from rolloutsim.units import exact_text

# docs/PLUGINS.md: plugins' names by versions of the configuration.
_OLDEST, _OLD = "cri", "io.containerd.grpc.v1.cri"
_IMAGES, _RUNTIME = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
_TRANSFER = "io.containerd.transfer.v1.local"
_NEWEST = 3  # version of the format, which containerd 1.x does not read
_DOWNLOADS = 3  # internal/cri/config/config_unix.go: max_concurrent_downloads; another value brings back local pulls
_LEAST_BUFFER = 512  # bytes; core/remotes/docker/fetcher.go
_UNPACKING = ("overlayfs", "native", "")  # snapshotters of whose kind the model's times are
_LAZY = {"overlaybd": "overlaybd", **{kind: kind for kind in SNAPSHOTTERS}}
# Of pulls, and without a key here.
_SIMPLIFIED = {
    "image_pull_with_sync_fs": "unpacked files are synced to the disk, which is not simulated",
    "image_decryption": "decryption is not simulated",
}
_MOST_NAMED = 6  # of what is not used (assumed: nobody reads more)


def is_containerd(content: Any) -> bool:
    """Whether data is a configuration of containerd, of any version."""
    plugins = part(content, "plugins")
    if isinstance(plugins, Mapping):
        return any(str(name).startswith("io.containerd.") or name in (_OLDEST, "linux") for name in plugins)
    return part(content, "version") in (1, 2, _NEWEST) and any(
        key in content for key in ("root", "state", "grpc", "proxy_plugins", "imports", "disabled_plugins", "oom_score")
    )


def take(one: Document, found: Found) -> None:
    """Take a configuration in."""
    version = whole(one.content, one.place, "version")
    if version is not None and version > _NEWEST:
        raise UnreadableError(f"{one.place}: version {version} of containerd's configuration; 1, 2 and 3 are read")
    found.runtimes.append(FoundConfig(one.label, one.place, one.content))


def needs_2(config: FoundConfig) -> bool:
    """Whether only containerd 2.x reads it."""
    return bool(part(config.content, "version") == _NEWEST)


def snapshotter(config: FoundConfig) -> str:
    """Which one it pulls with."""
    images, containerd = _images(config), mapping(_images(config), "containerd")
    return text(images, "snapshotter") or text(containerd, "snapshotter") or ""


def _images(config: FoundConfig) -> Mapping[str, Any]:
    """The table of how images are pulled: of its own, or with the rest of CRI."""
    plugins = mapping(config.content, "plugins")
    return mapping(plugins, _IMAGES) or mapping(plugins, _OLD) or mapping(plugins, _OLDEST)


def tuned(config: FoundConfig, is_1: bool) -> Tuned:
    """What a configuration sets.

    Parameters
    ----------
    config : FoundConfig
        Containerd's.
    is_1 : bool
        Whether nodes have containerd 1.x, which knows no transfer service for pulls.

    Raises
    ------
    UnreadableError
        If a value cannot be.
    """
    place, images = config.place, _images(config)
    transfer = mapping(config.content, "plugins", _TRANSFER)
    found = Tuned()
    discards = any(flag(table, place, "discard_unpacked_layers") for table in (images, mapping(images, "containerd")))
    reason = _is_local(images, place, discards, is_1)
    table, what = (images, reason) if reason else (transfer, "of the transfer service")
    if downloads := limit(table, place, "max_concurrent_downloads"):
        found.settings["parallel_layers"] = (downloads[0], _of(downloads[1], what, is_1))
    _buffer(table, place, what, is_1, found)
    if not reason and (unpacks := limit(transfer, place, "max_concurrent_unpacks")):
        found.settings["parallel_unpacks"] = unpacks
    other, whose = (transfer, "the transfer service") if reason else (images, "CRI")
    for key in ("max_concurrent_downloads", "concurrent_layer_fetch_buffer", "max_concurrent_unpacks"):
        least = 1 if key == "max_concurrent_unpacks" else 0
        if part(other, key) not in (None, least, _DOWNLOADS if key == "max_concurrent_downloads" else least):
            found.notes.append(f"{key} of {whose} in {config.origin} has no effect: pulls are {what}")
    if discards:
        found.settings["keeps_compressed"] = (False, "discard_unpacked_layers")
    for holder in (images, mapping(images, "containerd")):
        if part(holder, "image_pull_progress_timeout") is not None:
            key = "image_pull_progress_timeout"
            wait = seconds(part(holder, key), place, key)
            found.settings["pull_progress_timeout"] = (shown(wait) if wait else "off", key)
    _snapshotter(config, found)
    _registry(images, config, found)
    for key, why in _SIMPLIFIED.items():
        if part(images, key) not in (None, False, "", {}, {"key_model": "node"}):
            found.notes.append(f"{key} of {config.origin} has no key here: {why}")
    _unused(config, found)
    return found


def _is_local(images: Mapping[str, Any], place: str, discards: bool, is_1: bool) -> str:
    """Why pulls do not go through the transfer service; empty: they do."""
    if is_1:
        return "CRI's own, as in containerd 1.x"
    downloads = whole(images, place, "max_concurrent_downloads", least=-(2**31))
    reasons = (
        ("use_local_image_pull", flag(images, place, "use_local_image_pull")),
        ("max_concurrent_downloads", downloads not in (None, _DOWNLOADS)),
        ("discard_unpacked_layers", discards),
        ("disable_snapshot_annotations: false", part(images, "disable_snapshot_annotations") is False),
        ("image_pull_with_sync_fs", flag(images, place, "image_pull_with_sync_fs")),
        *((f"registry.{key}", bool(part(images, "registry", key))) for key in ("mirrors", "configs", "auths")),
    )
    why = next((key for key, is_set in reasons if is_set), None)
    return f"CRI's own, since {why} is set" if why else ""


def _of(key: str, what: str, is_1: bool) -> str:
    """What to remark of a key that stands in several tables."""
    return key if is_1 else f"{key} {what}" if what.startswith("of ") else f"{key}; pulls are {what}"


def _buffer(table: Mapping[str, Any], place: str, what: str, is_1: bool, found: Tuned) -> None:
    key = "concurrent_layer_fetch_buffer"
    size = whole(table, place, key)
    if size and size >= _LEAST_BUFFER:
        found.settings["layer_fetch_buffer"] = (exact_text("size", size), _of(key, what, is_1))
    elif size:
        found.notes.append(f"{key} {size} has no effect: it begins at {_LEAST_BUFFER} B")


def _snapshotter(config: FoundConfig, found: Tuned) -> None:
    name = snapshotter(config)
    if name in _LAZY:
        found.settings["snapshotter"] = (_LAZY[name], "images are taken to be in its format")
        if name == "soci":
            found.notes.append(
                f"{config.origin} pulls with soci, lazily if nothing else is told; in its parallel mode it does not: "
                "give its configuration as well: /etc/soci-snapshotter-grpc/config.toml"
            )
    elif name not in _UNPACKING:
        found.notes.append(f"snapshotter {name} of {config.origin} has no key here; simulated as overlayfs")
    tables = (mapping(config.content, "plugins", each, "containerd", "runtimes") for each in (_RUNTIME, _OLD, _OLDEST))
    for runtime, table in (pair for each in tables for pair in each.items()):
        own = text(table, "snapshotter")
        if own not in (None, name):
            found.notes.append(
                f"pods of runtime {runtime} pull with {own}, says {config.origin}; all pods of nodes pull alike here"
            )


def _registry(images: Mapping[str, Any], config: FoundConfig, found: Tuned) -> None:
    path = text(images, "registry", "config_path")
    if path is not None:
        found.notes.append(
            f"{config.origin} names mirrors in {path}; give what stands there as well: rolloutsim import "
            f"docker.io={path.split(':')[0]}/docker.io/hosts.toml …"
        )
    if mirrors := mapping(images, "registry", "mirrors"):
        found.notes.append(
            f"registry.mirrors of {config.origin} ({_some(mirrors)}) is not taken; write them as hosts.toml, as "
            "containerd 2.x wants it, or as mirrors and nodes.<group>.hosts of the scenario"
        )


def _unused(config: FoundConfig, found: Tuned) -> None:
    """Name what else stands there."""
    used = (_IMAGES, _OLD, _OLDEST, _TRANSFER)
    plugins = [name for name in mapping(config.content, "plugins") if name not in used]
    keys = [key for key in config.content if key not in ("version", "plugins")] + plugins
    if keys:
        found.notes.append(f"not used of {config.origin}: {_some(keys)}")


def _some(names: Any) -> str:
    several = [f"{name!s:.60}" for name in names]
    more = len(several) - _MOST_NAMED
    return ", ".join(several[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
