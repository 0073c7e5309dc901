"""Profiles of peers: how nodes find one another and what they hand over, with sources.

Those that hand over pieces have a swarm, whose numbers stand in `rolloutsim.scenario.swarms`.

Pinned sources: spegel b8c715a (kad-dht 0.42 and later finds random holders, what came before it always the same), peerd
21501a9, kraken 2a7fbcb, dragonfly 66db456 with its client ff17c0b7.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from rolloutsim.scenario.defaults import Default, by_value

_SPEGEL = "spegel pkg/registry/registry.go"
_ROUTING = "spegel pkg/routing/libp2p/libp2p.go"
_PEERD = "peerd pkg/discovery/content/registry/mirror.go"

_LAYERS: Mapping[str, Default] = {
    "finds": Default("random", "random", "go-libp2p-kad-dht 2a10abd, providers: random holders since 0.42"),
    "found": Default(3, "3", f"{_SPEGEL}: mirrorResolveRetries"),
    "look_up": Default(0.002, "2 ms", "assumed: a few round trips of the DHT in the cluster"),
    "timeout": Default(0.02, "20 ms", f"{_SPEGEL}: mirrorResolveTimeout"),
    "remembers": Default(5.0, "5 s", f"{_ROUTING}: lookupCacheTTL"),
    "remembers_nobody": Default(2.5, "2.5 s", f"{_ROUTING}: anew after half of lookupCacheTTL, if there are fewer"),
    "hedge": Default(
        0.05, "50 ms", f"{_SPEGEL}, internal/resilient/hedge.go: percentiles 80, 85, 90 of the times to headers, 50 ms "
        "at first",
    ),
    "announce": Default(
        0.1, "100 ms", "spegel pkg/oci/containerd/containerd.go: an event at the commit, then up to 10 looks 10 to 100 "
        "ms apart",
    ),
    "per_rack": Default(False, "false", f"{_ROUTING}: the DHT knows no racks"),
    "connections": Default(100, "100", f"{_SPEGEL}: connections per peer"),
    "upload": Default(inf, "unlimited", f"{_SPEGEL}: it has no cap on uploads"),
    "manifests": Default(True, "true", f"{_SPEGEL}: manifests and tags as well"),
    "piece": Default(0.0, "whole layers", f"{_SPEGEL}: a blob from one peer"),
    "download": Default(inf, "unlimited", f"{_SPEGEL}: it has no cap on downloads"),
    "serve": Default("streaming", "streaming", f"{_SPEGEL}: a blob passes as it comes"),
}  # fmt: skip

_KRAKEN = "kraken lib/torrent/scheduler/config.go"
_KRAKEN_AGENT = "kraken config/agent/base.yaml"
_DRAGONFLY = "dragonfly client/dragonfly-client-config/src/dfdaemon.rs"
_IN_A_SWARM = "assumed: members of a swarm find each other by its tracker"

_PIECES: Mapping[str, Default] = {
    **_LAYERS,
    "finds": Default("random", "random", _IN_A_SWARM),
    "found": Default(3, "3", _IN_A_SWARM),
    "look_up": Default(0.0, "0 s", _IN_A_SWARM),
    "timeout": Default(0.0, "0 s", _IN_A_SWARM),
    "remembers": Default(0.0, "0 s", _IN_A_SWARM),
    "remembers_nobody": Default(0.0, "0 s", _IN_A_SWARM),
    "hedge": Default(inf, "off", _IN_A_SWARM),
    "announce": Default(0.0, "0 s", _IN_A_SWARM),
    "per_rack": Default(False, "false", "assumed: partners are drawn at random"),
    "connections": Default(10, "10", f"{_KRAKEN}: max_open_connections_per_torrent"),
    "upload": Default(200 * 2.0**20, "200 MiB/s", f"{_KRAKEN_AGENT}: egress, a token bucket a process"),
    "manifests": Default(True, "true", "kraken agent/agentserver: tags and manifests come from the build index"),
    "piece": Default(4 * 2.0**20, "4 MiB", "kraken lib/metainfogen: pieces of 4 MB"),
    "download": Default(300 * 2.0**20, "300 MiB/s", f"{_KRAKEN_AGENT}: ingress, a token bucket a process"),
    "serve": Default(
        "store_and_forward", "store_and_forward",
        "kraken lib/dockerregistry/transfer/ro_transferer.go: Stat and Download return when the agent has a whole blob",
    ),
}  # fmt: skip

_BEFORE = "spegel v0.4.0 pkg/routing/p2p.go: each request asks the DHT"

PEER_PROFILES: Mapping[str, Mapping[str, Default]] = {
    "spegel": _LAYERS,
    "spegel-0.4": {
        **_LAYERS,
        "finds": Default("first", "first", "go-libp2p-kad-dht to 0.41: holders in a fixed order"),
        "remembers": Default(0.0, "0 s", _BEFORE),
        "remembers_nobody": Default(0.0, "0 s", _BEFORE),
        "hedge": Default(inf, "off", "spegel v0.4.0 pkg/registry/registry.go: one holder after another"),
    },
    "k3s": {
        name: Default(one.value, one.shown, f"k3s embedded registry mirror is Spegel: {one.source}")
        for name, one in _LAYERS.items()
    },
    "peerd": {
        **_LAYERS,
        "finds": Default("first", "first", f"{_PEERD}: in the order of the DHT"),
        "timeout": Default(1.0, "1 s", f"{_PEERD}: resolve timeout"),
        "remembers": Default(0.0, "0 s", f"{_PEERD}: each request asks the DHT"),
        "remembers_nobody": Default(
            0.0, "0 s", f"{_PEERD}: each request asks the DHT; what it keeps for 500 ms are parts of streamed files"
        ),
        "hedge": Default(inf, "off", f"{_PEERD}: one holder after another"),
        "connections": Default(inf, "unlimited", "assumed: it has no limit"),
        "announce": Default(0.1, "100 ms", "assumed: as spegel; peerd announces on the event of the image"),
    },
}
PEER_PROFILES = {
    **PEER_PROFILES,
    "kraken": _PIECES,
    "dragonfly": {
        **_PIECES,
        "connections": Default(8, "8", f"{_DRAGONFLY}: pieces at a time"),
        "upload": Default(inf, "unlimited", f"{_DRAGONFLY}: 50 GB/s, which is none"),
        "download": Default(inf, "unlimited", f"{_DRAGONFLY}: 50 GB/s, which is none"),
        "manifests": Default(False, "false", "assumed: the proxy hands them on"),
        "serve": Default(
            "streaming",
            "streaming",
            "dragonfly client dragonfly-client/src/proxy: pieces in order, as they come",
        ),
    },
    "bittorrent": {
        **_PIECES,
        "upload": Default(inf, "unlimited", "assumed: a client has no cap of its own"),
        "download": Default(inf, "unlimited", "assumed: a client has no cap of its own"),
        "serve": Default("streaming", "streaming", "assumed: nothing reads a layer after the client"),
    },
}
DEFAULT_PEERS = "spegel"


def shown_of_peers(field: str) -> str:
    """A key's default in all profiles of peers, as text."""
    shown = {name: profile[field].shown for name, profile in PEER_PROFILES.items()}
    return by_value(shown, "{value} ({names})", ", ")


def source_of_peers(field: str) -> str:
    """Where a key's defaults come from, for all profiles of peers."""
    return by_value({name: profile[field].source for name, profile in PEER_PROFILES.items()}, "{names}: {value}", "; ")
