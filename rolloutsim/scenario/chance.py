"""What is drawn at random in a simulation: an entry a purpose, each with random numbers of its own.

A run notes the purposes for which it drew. One that drew for none is the same with every seed: whether something is
drawn depends on nothing but the scenario and what was drawn before.
"""

from __future__ import annotations

from collections.abc import Iterable

from rolloutsim.structs import struct


@struct(frozen=True)
class Purpose:
    """What random numbers are drawn for.

    Parameters
    ----------
    name : str
        In the code.
    words : str
        What is random, in words.
    key : str
        The key that makes it random.
    """

    name: str
    words: str
    key: str


# In this order generators are spawned from the seed: a new one comes last.
PURPOSES = (
    Purpose("asking", "times at which nodes ask", "start"),
    Purpose("startup", "start-up times", "startup"),
    Purpose("requests", "answers of requests that may fail", "failures"),
    Purpose("backoff", "lengths of back-offs", "jitter"),
    Purpose("faults", "failures", "failures"),
    Purpose("fairness", "shares of connections", "fairness"),
    Purpose("requeue", "times at which kubelets look at pods in back-off", "image_backoff.requeue"),
    Purpose("peers", "peers that a look-up finds", "peers"),
    Purpose("polls", "looks for layers that another pull fetches", "ingest_poll"),
    Purpose("prepulls", "what pre-pulls meet before the rollout", "prepulls"),
)


def drawn_words(names: Iterable[str]) -> str:
    """What is random, with the keys that make it so: `start-up times (startup) and failures (failures)`."""
    chosen = set(names)
    *most, last = (f"{one.words} ({one.key})" for one in PURPOSES if one.name in chosen)
    return f"{', '.join(most)} and {last}" if most else last
