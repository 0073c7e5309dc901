"""When a case is given up that goes on and on and nothing comes of it, and what goes on.

What can go on for ever are polls, retries, faults and the like; with odd times there are more of them than anybody
waits for. Events are counted, not seconds of a clock on the wall: the result is the same on every machine. Where
they leave more to be written down than they are, that counts instead: an event may ask for any number of layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.background import Transfer
from rolloutsim.fleet.ledger import FETCHED, LAYER, PULL, ROW
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.fleet.ledger import Ledger
    from rolloutsim.network.fluid import FluidNetwork

# Events that may pass before anything comes of them: so many, and more for each pull that is wanted (assumed: looks
# every 10 s, as runtimes have them, are 8,640 in a day, the default of rollout.horizon; the shipped scenarios have 24
# to 420 events a pull in all).
MOST, MOST_A_PULL = 250_000, 10_000
# A case may have so many times as many events, whatever comes of them (assumed: of a few pulls that is about a million,
# which take some 10 s).
_IN_ALL = 4
# Flows that an event lists anew; so many more of them count as one more event, for that is what they cost (measured).
_LISTED, _AN_EVENT = 10, 4
# Of layers and ranges that are queued and given up so many cost as much as an event (measured: about 1 us each, and an
# event 20 to 80).
_IN_VAIN = 20
# A flow that has moved so much more of its bytes has come to something [1].
_PART = 0.05
# Events that are looked at to say what goes on.
_SAMPLE = 2_000
_MOST_NAMED = 3  # that are said

# No time of a scenario is longer (`rolloutsim.units`), and the clock knows no shorter steps beyond it than 15 us.
LONGEST = 1e11

# What calls do, by the class that makes them, and by their own name where that says more.
_WORDS = {
    "Transfer": "applications transfer",
    "ConstantRates": "applications' rates begin and end",
    "Observer": "applications are looked at",
    "Task": "images are copied to mirrors",
    "Copier": "images are copied to mirrors",
    "EvictionManager": "kubelets look at full disks",
    "Weights": "connections share anew",
    "Incumbent": "connections share anew",
    "Course": "connections share anew",
    "Pulls": "pods in back-off ask again",
    "Kubelet": "kubelets look after pulls and disks",
    "Reader": "containers read lazily",
    "Volume": "containers read a volume",
    "Node": "nodes pull",
    "_watch": "nodes look whether bytes come",
    "fail_later": "pulls fail",
    "Store": "layers are written",
    "PodLife": "pods are made and deleted",
    "Cluster": "pods are made and deleted",
    "Prepuller": "nodes pre-pull",
    "Pusher": "images are pushed",
    "Crowd": "pulls that a rate limit refuses ask again",
    "Retries": "refused pulls ask again",
    "PullThrough": "caches ask their upstreams",
    "Manifests": "caches ask for manifests",
    "Copy": "swarms get their first copies",
    "FromSource": "swarms get their first copies",
    "FirstMember": "swarms look for a first copy",
    "PeerToPeer": "nodes look for peers",
    "Torrent": "members of swarms get pieces",
    "PiecePeers": "members of swarms ask for pieces",
    "Strain": "a registry's connections come and go",
    "Limits": "requests time out",
    "unanswered": "requests time out",
    "_ring": "requests time out",
    "_gives_up": "requests time out",
    "_give_up": "requests time out",
    "_send_again": "requests are sent again",
    "_refuse": "caches refuse requests",
    "Windows": "connections' windows grow",
    "Window": "connections' windows grow",
    "AtOnce": "pods are created",
    "Sync": "controllers work",
    "Rollout": "controllers begin",
    "_ask": "nodes ask for images",
    "Rolling": "controllers look at deadlines",
    "Waves": "waves begin",
}
_FLOWS = "transfers end"


class Patience:
    """Counts the events of a case, and what is written down of them.

    Parameters
    ----------
    network, ledger, incidents, actors
        The case's.
    pulls : int
        How many pulls are wanted.
    available : callable
        How many pods are there that are wanted.
    faults : sequence
        Those that have begun, of which all is told one by one: each costs as much again as an event.
    """

    def __init__(
        self,
        network: FluidNetwork,
        ledger: Ledger,
        incidents: Incidents,
        actors: Actors,
        pulls: int,
        available: Callable[[], int],
        faults: Sequence[str] = (),
    ) -> None:
        self.network = network
        self.ledger = ledger
        self.incidents = incidents
        self.actors = actors
        self.available = available
        self.faults = faults
        self.most = most_events(pulls)
        self.events = 0
        self.listed_before = network.listed
        self.rows_before = self._rows()
        self.since = network.now  # of the last look at which something had come [s]
        self.come = 0  # the most that had come by then
        self._look = self.most  # in events, and in what counts as some
        self._last = 0  # events by then

    def spend(self, events: int) -> str:
        """So many more events have been; why the case is given up, in words; empty: it goes on."""
        self.events += events
        listed = self.network.listed - self.listed_before
        rows = self._rows() - self.rows_before
        spent = max(self.events, rows) + len(self.faults) + max(listed - _LISTED * self.events, 0) // _AN_EVENT
        if spent < self._look:
            return ""
        come, now = self._come(), self.network.now
        if spent >= _IN_ALL * self.most:
            begun = f"{self.events:,} events until {format_time(now)} are too many, whatever comes of them"
        elif come > self.come:
            self.come, self.since, self._last = come, now, self.events
            self._look = spent + self.most
            return ""
        else:
            span = f"from {format_time(self.since)} to {format_time(now)}"
            begun = f"nothing has come of {self.events - self._last:,} events {span}"
        return f"{begun}; what goes on: {goes_on(self.network)}"

    def _rows(self) -> int:
        """How much is written down of layers that pulls fetch or wait for, or was in vain."""
        in_vain = self.incidents.never_asked // _IN_VAIN
        return self.ledger.fetches.end // ROW + len(self.ledger.waits.pull) + in_vain

    def _come(self) -> int:
        """How much has come of what happened: it never falls where the same is done again and again."""
        import numpy as np

        ledger, pulls = self.ledger, self.ledger.pulls
        node, image = np.array(pulls.node, np.int64), np.array(pulls.image, np.int64)
        has_come = ~np.isnan(np.array(pulls.pulled, np.float64))
        found = len(np.unique(node[has_come] << 32 | image[has_come]))
        rows = np.array(ledger.fetches.cells, np.float64).reshape(-1, ROW)
        rows = rows[~np.isnan(rows[:, FETCHED])]
        found += len(np.unique(node[rows[:, PULL].astype(np.int64)] << 32 | rows[:, LAYER].astype(np.int64)))
        fills = self.incidents.fills
        done = zip(fills.cache, fills.layer, fills.ended, strict=True)
        found += len({(cache, layer) for cache, layer, ended in done if not isnan(ended)})
        parts = 0
        for flow in self.network.flows():
            # Transfers of others come to nothing here.
            if flow.size > 0.0 and not isinstance(getattr(flow.done, "__self__", None), Transfer):
                parts += int(self.network.received(flow) / (_PART * flow.size))
        return (found + self.available()) * int(1.0 / _PART) + parts


def most_events(pulls: int) -> int:
    """How many events may pass before anything comes of them, where so many pulls are wanted."""
    return MOST + MOST_A_PULL * pulls


def goes_on(network: FluidNetwork) -> str:
    """What happens next on a network, and goes on to happen, in words; lets some of it happen."""
    seen: Counter[str] = Counter()
    began = network.now
    for _ in range(_SAMPLE):
        coming = network.next_call()
        said = [_FLOWS] if coming is None else words(*coming)
        if not network.run(most=1):
            break
        seen.update(said)
    number = sum(seen.values())
    every = (network.now - began) / max(number, 1)
    how_often = (
        f"an event every {format_time(every)} on average" if every > 0.0 else f"all at {format_time(network.now)}"
    )
    *most, last = [what for what, count in seen.most_common(_MOST_NAMED) if count * 10 > number] or ["nothing more"]
    return f"{', '.join(most)}{' and ' if most else ''}{last}, {how_often}"


def words(function: Callable[[Any], None], argument: Any) -> list[str]:
    """What a call does, in words: of several that are made together each."""
    owner: Any = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    classes = [one.__name__ for one in type(owner).__mro__]
    if "Together" in classes:
        return [said for inner, of in argument for said in words(inner, of)]
    if "EndOfInstant" in classes:
        return words(owner.function, None)
    if "Faults" in classes:
        fault = argument if name == "_begin" else argument[1]
        return [f"failures.{fault.name} comes and goes"]
    if "Node" in classes and name == "request":
        return [f"nodes ask '{argument.way.source.name}' for images"]
    if "Crowd" in classes:
        return [f"'{owner.way.source.name}' refuses pulls by its rate limit, and they ask again"]
    said = _WORDS.get(name) or next((_WORDS[one] for one in classes if one in _WORDS), None)
    return [said or f"calls of {getattr(function, '__qualname__', 'something')}"]


def within(network: FluidNetwork, until: float, most: int) -> str:
    """Let happen what happens on a network until a time or so many events; what goes on if these are too few."""
    done = network.run(until, most)
    return "" if done < most else f"after {done:,} events there is no end of it; what goes on: {goes_on(network)}"
