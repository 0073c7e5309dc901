"""`rolloutsim serve`: a local page that answers while one plays.

A server on loopback (`server`, `application`, `guard`: who may ask at all) holds tabs (`tabs`: what each asked last,
and what it is told) and the files of one folder (`files`). Everything that reads a scenario is done by processes of
their own (`workers`), which do what `work` lists: what they can be asked, `answers`: a result as JSON, `completion`.
So no scenario can keep the server from answering, and what is asked next ends what was asked before. `page` holds the
page itself.

The server imports neither numpy nor any part of the format; its processes do so before they are needed.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.serve import answers, application, files, guard, limits, server, tabs, work, workers
else:
    __getattr__ = front(__name__)
