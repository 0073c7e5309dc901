"""`rolloutsim serve`: a local page that answers while one plays.

A server on loopback (`server`, `application`, `guard`: who may ask at all) holds tabs (`tabs`: what each asked last,
and what it is told) and the files of one folder (`files`). Everything that reads a scenario is done by processes of
their own (`workers`; `work`: how one waits for it): `jobs`, with `answers`, a result as JSON. So no scenario can keep
the server from answering, and what is asked next ends what was asked before. `page` is the page, `limits` how much of
the machine all that may take.

The server imports neither numpy nor any part of the format; its processes do so before they are needed.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.serve import (
        answers,
        application,
        completion,
        files,
        guard,
        jobs,
        limits,
        server,
        tabs,
        work,
        workers,
    )
else:
    __getattr__ = front(__name__)
