"""How requests end that do not bring what they ask for, declared once: by number, its name in results, its words.

The numbers are HTTP's, and others where there is no answer: they stand in the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rolloutsim.structs import struct

MISSING: Final = 404  # the server does not have it
BROKEN: Final = 0  # a connection was refused, or broke
# The client did not wait any longer: for a connection, for its TLS handshake, for the header of the answer.
DIAL: Final = -1
HANDSHAKE: Final = -2
HEADER: Final = -3


@struct
class Answer:
    """How a request ended.

    Parameters
    ----------
    number : int
        In the records.
    name : str
        In results and conditions.
    words : str
        In findings.
    reason : str
        Of a pull that its runtime gives up then.
    """

    number: int
    name: str
    words: str
    reason: str


# In the order of results. Of the last three, the reasons are net/http's words and the key.
ANSWERS: Mapping[int, Answer] = {
    answer.number: answer
    for answer in (
        Answer(MISSING, "404", "404 not found", "404 Not Found"),
        Answer(429, "429", "429 rate limit", "429 Too Many Requests"),
        Answer(503, "503", "503 unavailable", "503 Service Unavailable"),
        Answer(BROKEN, "broken", "connection refused or broken", "connection refused or broken"),
        Answer(DIAL, "dial_timeout", "no connection in time", "dial: i/o timeout (timeouts.dial)"),
        Answer(HANDSHAKE, "tls_timeout", "no TLS handshake in time", "TLS handshake timeout (timeouts.tls)"),
        Answer(HEADER, "header_timeout", "no answer in time", "timeout awaiting response headers (timeouts.header)"),
    )
}
