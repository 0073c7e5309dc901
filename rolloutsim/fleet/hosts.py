"""Which source a node asks for a request, and when it goes on to the next: the runtime's rule.

A recipe lists the ways to its sources in the order of preference. Each request starts at the first of them; one that is
sent again with a token goes to the source that wanted the token, and where a runtime chooses once for an image, what
follows its choice goes there as well. A source that is not the last and does not deliver (a refused or broken
connection, no answer in time, 404, 5xx) is left for the next at once; one that says "too many requests" is asked again
after the runtime's delays, and left when these are used up. The last one is asked again until the runtime gives up.

Sources: containerd `core/remotes/docker/resolver.go`, `fetcher.go` @301026e: hosts in the order of hosts.toml, the
server last, each request from the first host on; after 401 `doWithRetries` sends the same request to the same host
again; 429 and 408 are retried at a host before the next is tried. containers/image `docker/docker_image_src.go`
@f0ddf1a: mirrors in order, once, with the manifest.
"""

from __future__ import annotations

from rolloutsim.fleet.recipes import Way
from rolloutsim.fleet.sources.source import LIMITED
from rolloutsim.scenario.answers import ANSWERS, BROKEN, MISSING
from rolloutsim.scenario.runtimes import Retry


def again(ways: tuple[Way, ...], way: Way, status: int, failures: int, retry: Retry) -> tuple[Way, int, float] | None:
    """How a request is made once more after a source did not deliver.

    Parameters
    ----------
    ways : tuple of Way
        To each source, in the order of preference.
    way : Way
        The one that was tried.
    status : int
        The answer.
    failures : int
        How often in a row this source had failed before.
    retry : Retry
        The runtime's delays.

    Returns
    -------
    tuple of (Way, int, float), or None
        The way that it takes, how often in a row that one has failed, and the wait before [s]; None: the runtime gives
        up.
    """
    delays: tuple[float, ...]
    if status == LIMITED:
        delays = retry.rate_limited
    else:
        delays = retry.broken if status <= BROKEN else retry.server_error if status != MISSING else ()
    if way is not ways[-1] and (status != LIMITED or failures >= len(delays)):
        return ways[ways.index(way) + 1], 0, 0.0
    return (way, failures + 1, delays[failures]) if failures < len(delays) else None


def reason_of(status: int) -> str:
    """Why a pull failed whose last request was answered so, in the runtime's words."""
    return ANSWERS[status].reason
