"""Peers: nodes that hand layers to one another."""

from typing import Annotated, Any, get_args

from rolloutsim.scenario.fields import Quantity, Whole, Word, key, short
from rolloutsim.scenario.model.kinds import OnOff, Size, Spec, Time
from rolloutsim.scenario.peer_profiles import DEFAULT_PEERS, PEER_PROFILES, shown_of_peers, source_of_peers
from rolloutsim.scenario.resolved import Finds


def _profile_key(field: str, unit: str, description: str) -> Any:
    return key(None, unit=unit, description=description, shown=shown_of_peers(field), source=source_of_peers(field))


_COUNT = Whole(1, 10_000)


class SeedsSpec(Spec):
    """A swarm's own seeds, which stand in the network's core."""

    count: Annotated[int, _COUNT] = key(
        1, unit="seeds", source="assumed: one alone is the least", description="how many there are"
    )
    uplink: Annotated[float, Quantity("rate", unlimited=True)] | None = key(
        None, unit="rate", shown="network", source="as a registry's and the nodes'",
        description="line rate of each one's NIC, in and out",
    )  # fmt: skip


class PeersSpec(Spec):
    """Nodes that hand layers to one another: those of the groups that name them in their hosts."""

    profile: Annotated[str, Word(tuple(PEER_PROFILES))] = key(
        DEFAULT_PEERS, source="assumed: what most clusters have",
        description="which product: a profile of sourced defaults",
    )  # fmt: skip
    finds: Annotated[Finds, Word(get_args(Finds))] | None = _profile_key(
        "finds", "", "which of a layer's holders a look-up finds: first: always those that had it first; random: any"
    )
    found: Annotated[int, Whole(1, 1000)] | None = _profile_key(
        "found", "nodes", "how many holders a look-up finds at the most; the node asks the one it fetches least from"
    )
    look_up: Time | None = _profile_key("look_up", "time", "what a look-up takes that finds somebody")
    timeout: Time | None = _profile_key(
        "timeout", "time", "after which one that finds nobody is given up, and the next host asked"
    )
    remembers: Time | None = _profile_key(
        "remembers", "time", "for how long a node does not look up again who has a layer, if it found `found` nodes"
    )
    remembers_nobody: Time | None = _profile_key(
        "remembers_nobody", "time", "the same if it found nobody; if it found fewer than `found`, the shorter of both"
    )  # fmt: skip
    hedge: Annotated[float, Quantity("time", unlimited=True, word="off")] | None = _profile_key(
        "hedge", "time", "after how long a second of the holders found is asked where the first has not answered: the "
        "first answer wins. Once a node has seen peers answer, after the 80th percentile of these times, a third after "
        "the 85th, and the next host after twice the 90th, 100 ms at least. Nodes that are down are found then, and do "
        "not answer; off: they are not found",
    )  # fmt: skip
    announce: Time | None = _profile_key(
        "announce", "time", "from a layer's commit on a node until look-ups find it there"
    )
    per_rack: OnOff | None = _profile_key("per_rack", "", "whether holders in the node's own rack or site come first")
    connections: Annotated[float, Whole(1, 1_000_000, unlimited=True)] | None = _profile_key(
        "connections", "connections", "layers that a node serves at a time; with more it is not found"
    )
    upload: Annotated[float, Quantity("rate", unlimited=True)] | None = _profile_key(
        "upload", "rate", "what all uploads of a node may take together, in payload; its NIC limits them anyway"
    )
    download: Annotated[float, Quantity("rate", unlimited=True)] | None = _profile_key(
        "download", "rate", "what all downloads of a node may take together, in payload; its NIC limits them anyway"
    )
    piece: Size | None = _profile_key(
        "piece", "size", "of the pieces that members of a swarm hand over, as they have them"
    )
    seeds: Annotated[SeedsSpec, short("count", _COUNT)] | None = key(
        None, shown="none", source="assumed: a cluster says how many it has",
        description="of swarms: seeds of its own (Kraken's origins, Dragonfly's seed peers), which get layers from the "
        "registry and hand them on; without them the registry's replicas are the seeds (kraken, bittorrent), or the "
        "first member that asks gets a layer from the registry (dragonfly)",
    )  # fmt: skip
    serve: Annotated[str, Word(("streaming", "store_and_forward"))] | None = _profile_key(
        "serve", "", "of swarms: streaming: a runtime gets a layer as its pieces come; store_and_forward: when all of "
        "it is on the node's disk, until when it waits for the header of the answer"
    )  # fmt: skip
    manifests: OnOff | None = _profile_key(
        "manifests", "", "whether they hand over manifests and configs as well; if not, the next host does"
    )
