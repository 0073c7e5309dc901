"""An image's manifest from its registry, asked by name: manifests, the tokens for them and configurations, no layers.

Off unless the user names an image on the command line; no file that is imported can make it ask. Reading order:
`references` (what counts as a name), `asked` (what the user allowed, and the bounds), `addresses` (which addresses no
foreign word may lead to), `wire` (one connection, within a deadline), `session` (one request), `credentials`, `tokens`,
`client` (from a reference to its manifest).

It assumes that everything which a registry, a token server or a storage answers is hostile. It knows no proxies.

Sources: OCI distribution-spec 1.1; distribution docs/content/spec/auth/token.md; RFC 9110 (status, Retry-After).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.imports.registry import (
        addresses,
        asked,
        client,
        credentials,
        references,
        session,
        tokens,
        wire,
    )
else:
    __getattr__ = front(__name__)

__all__: list[str] = []
