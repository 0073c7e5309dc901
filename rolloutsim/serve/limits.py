"""How much of this machine the page may take; all of them assumed, unless a source is named."""

from __future__ import annotations

LARGEST_TEXT = 1_000_000  # [B] of a scenario: 10,000 nodes with a group each among them
LARGEST_REQUEST = 4 * LARGEST_TEXT  # [B] a text twice, as it is and as it was, and what JSON escapes of it
MOST_TABS = 32
MOST_CONNECTIONS = 256  # at once, streams of events among them; browsers keep six to a host
MOST_WAITING = 64  # short requests that wait for a process
LARGEST_ANSWER = 64_000_000  # [B] of one message of a process
MEMORY = 4 * 2**30  # [B] that a process may take, and no more than half of what is free as it starts
SHORT = 10.0  # [s] that anything but a simulation may take
WHAT_IFS = 10.0  # [s] of computing for what would help
GONE = 10.0  # [s] after which a tab that is not heard of is forgotten: more than a browser takes to reload
HEAD = 5.0  # [s] that the head of a first request may take (as long as uvicorn waits for another one)
QUIET = 0.5  # [s] that a simulation may take without a word
BEAT = 0.25  # [s] between two words of it
ALIVE = (
    15.0  # [s] between two signs of life in a stream of events (HTML Living Standard, 9.2.7: "every 15 seconds or so")
)
EVENTS = 400  # that are kept for a tab that is not listening
NICE = 5  # how much processes give way to what somebody does in front of the machine
