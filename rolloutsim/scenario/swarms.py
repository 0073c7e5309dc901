"""How swarms work that hand layers over in pieces, in numbers."""

from __future__ import annotations

from collections.abc import Mapping

from rolloutsim.structs import struct


@struct
class SwarmProfile:
    """The mechanisms of a kind of swarm, in numbers.

    Parameters
    ----------
    connections : int
        Of a member.
    seed_connections : int
        Of a seed, for a blob.
    upload_use : float
        Part of the members' uplinks that is used with very many pieces.
    search_loss, search_exponent : float
        How much less it is with fewer: 1 / (1 + search_loss · log2(members) · pieces^-search_exponent).
    sharpness, sharpness_exponent : float
        Of the lesser of two rates: (a^-q + b^-q)^(-1/q), q = sharpness · (pieces / 256)^sharpness_exponent.
    hop_down, hop_up : float
        A hop, in times that a piece takes on a member's downlink and uplink.
    late_hops : float
        Most hops that a joiner waits once others send, whatever their number.
    start : float
        Before a member receives anything from a swarm that others are in [s].
    end, end_pieces : float
        After its last byte at these rates: [s], and in times that a piece takes on its downlink.
    seed_share : float
        The part of a member's downlink that seeds fill while other members have something for it.
    repeated, repeated_decay : float
        Of what seeds send when all is outside, 1 - repeated · exp(-repeated_decay · x) is not new,
        x = √(√(members · connections of the seeds) / pieces).
    duplicates : float
        Of what is received, the part received twice, for `received` only.
    parents : int
        Of a member of a dag; 0: no dag.
    requests : int
        Pieces that a member of a dag asks for at a time.
    hop_requests : float
        A hop of a dag, in times that so many pieces take.
    mean_error, makespan_error : float
        By how much of the mean time and of the makespan the model may be wrong.
    """

    connections: int = 10
    seed_connections: int = 10
    upload_use: float = 1.0
    search_loss: float = 0.0
    search_exponent: float = 0.33
    sharpness: float | None = None  # None: the lesser of both
    sharpness_exponent: float = 0.0
    hop_down: float = 0.0
    hop_up: float = 0.0
    start: float = 0.0
    end: float = 0.0
    end_pieces: float = 0.0
    seed_share: float = 1.0
    repeated: float = 0.27
    repeated_decay: float = 1.25
    duplicates: float = 0.0
    parents: int = 0
    requests: int = 8
    hop_requests: float = 0.8
    mean_error: float = 0.0
    makespan_error: float = 0.0


# What the swarms of each profile of peers do.
SWARMS: Mapping[str, SwarmProfile] = {
    "kraken": SwarmProfile(search_loss=0.46, sharpness=5.15, hop_down=1.09, hop_up=7.6),
    "dragonfly": SwarmProfile(parents=3),
    "bittorrent": SwarmProfile(upload_use=0.92, start=0.55, end=0.35, seed_share=0.45, duplicates=0.05),
}
