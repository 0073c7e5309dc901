"""From an image's name to its manifest, asked of its registry: two requests, and two more where a token is wanted.

Manifest (401 → token → manifest); of an index the manifest of the platform, by its digest; of an image without an index
its configuration, which tells the platform. Layers are never asked for.
"""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from collections.abc import Sequence
from typing import Any

from rolloutsim import pipes
from rolloutsim.imports import manifests
from rolloutsim.imports.documents import Document
from rolloutsim.imports.registry.asked import Allowed, Limits, is_among
from rolloutsim.imports.registry.credentials import Credentials, check, credentials
from rolloutsim.imports.registry.references import DIGEST, DOCKER_HUB, Reference
from rolloutsim.imports.registry.session import Answer, Session, Url, url
from rolloutsim.imports.registry.tokens import authorization
from rolloutsim.imports.registry.wire import Net
from rolloutsim.imports.shapes import mapping, part, text, whole
from rolloutsim.manifests import layers as told_by

_HUB = "registry-1.docker.io"  # distribution/reference: where docker.io answers
# OCI image-spec 1.1 media-types.md; distribution docs/content/spec/manifest-v2-2.md.
_INDEXES = (
    "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
)  # fmt: skip
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
)  # fmt: skip
# Some answer so; schema 1 is told apart later.
_OTHERS = (
    "application/json", "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)  # fmt: skip
_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_REDIRECTS = (301, 302, 303, 307, 308)
MANIFEST, CONFIG = "the manifest", "the configuration"


def manifests_of(
    references: Sequence[Reference],
    platform: str,
    allowed: Allowed,
    net: Net | None = None,
    limits: Limits | None = None,
) -> list[Document]:
    """The manifests of images, each asked of its registry.

    Parameters
    ----------
    references : sequence of Reference
        The images, which the user named.
    platform : str
        Which manifest of an image for several platforms.
    allowed : Allowed
        What the user allowed beside.
    net : Net, optional
        How the network is reached.
    limits : Limits, optional
        The bounds, of each image.

    Raises
    ------
    UnreachableError
        If one is not answered, or not as it should.
    UnreadableError
        If there is none of that platform.
    UsageError
        If there are no credentials where the user said.
    """
    check(references, allowed)
    with pipes.outlived():
        logins = {host: credentials(host, allowed) for host in dict.fromkeys(one.host for one in references)}
        return [
            _Image(one, platform, allowed, logins[one.host], net or Net(), limits or Limits()).manifest()
            for one in references
        ]


def _registry(reference: Reference, allowed: Allowed) -> Url:
    host = _HUB if reference.host == DOCKER_HUB else reference.host
    https = url(f"https://{host}/")
    plain = url(f"http://{host}/")
    return plain if is_among(plain.host, plain.port, allowed.plain_http) else https


class _Image:
    """What is asked of a registry for one image."""

    def __init__(
        self, reference: Reference, platform: str, allowed: Allowed, login: Credentials | None, net: Net, limits: Limits
    ) -> None:
        self._reference, self._platform, self._login, self._limits = reference, platform, login, limits
        self._session = Session(reference, platform, _registry(reference, allowed), allowed, limits, net)
        self._server = self._session.registry.server
        self._authorization: str | None = None

    def manifest(self) -> Document:
        """The manifest of the platform."""
        one = self._manifest(self._reference.of)
        indexes = 0
        while isinstance(part(one.content, "manifests"), list):
            indexes += 1
            if indexes > self._limits.indexes:
                raise self._refused(MANIFEST, f"indexes within indexes, more than {self._limits.indexes} deep")
            entry = manifests.chosen(one, self._platform)
            digest, size = text(entry, "digest") or "", whole(entry, one.place, "size")
            if not DIGEST.fullmatch(digest):
                raise self._refused(
                    MANIFEST, f"an index that names {digest!r:.80}, no digest that is verified here (sha256)"
                )
            one = self._manifest(digest, size)
        if told_by.shape(one.content) is None:
            raise self._refused(MANIFEST, "JSON that is neither a manifest nor an index")
        if not indexes:
            self._check_config(one.content)
        return one

    def _manifest(self, of: str, size: int | None = None) -> Document:
        path = f"/v2/{self._reference.path}/manifests/{urllib.parse.quote(of, safe=':')}"
        answer = self._answer(path, MANIFEST, self._limits.manifest, ", ".join((*_INDEXES, *_MANIFESTS)))
        kind = answer.header("Content-Type").partition(";")[0].strip().lower()
        if kind and kind not in (*_INDEXES, *_MANIFESTS, *_OTHERS):
            raise self._refused(
                MANIFEST, f"an answer of type {kind!r:.60}, which is no manifest's; is this a registry?"
            )
        digest = self._verified(answer, MANIFEST, of if DIGEST.fullmatch(of) else None, size)
        content = self._json(answer, MANIFEST)
        said = text(content, "mediaType") or kind
        is_index = isinstance(part(content, "manifests"), list)
        # CVE-2021-41190: what one client takes for an index and another for a manifest.
        if (is_index and "layers" in content) or said in (_MANIFESTS if is_index else _INDEXES) or (
            kind in (_MANIFESTS if is_index else _INDEXES)
        ):  # fmt: skip
            raise self._refused(MANIFEST, "an answer that says to be an index and a manifest at once")
        return Document(self._reference.shown, 1, 1, self._reference.name, True, digest, content, is_asked=True)

    def _check_config(self, manifest: Any) -> None:
        """See that an image without an index is of the platform, and has the layers that its configuration says."""
        config = mapping(manifest, "config")
        if config.get("mediaType") not in _CONFIGS:
            return
        digest = text(config, "digest") or ""
        if not DIGEST.fullmatch(digest):
            raise self._refused(MANIFEST, f"a configuration {digest!r:.80}, no digest that is verified here (sha256)")
        path = f"/v2/{self._reference.path}/blobs/{digest}"
        answer = self._answer(path, CONFIG, self._limits.config, "*/*")
        self._verified(answer, CONFIG, digest, whole(config, self._reference.shown, "size"))
        content = self._json(answer, CONFIG)
        own = "/".join(
            one for one in (text(content, "os"), text(content, "architecture"), text(content, "variant")) if one
        )
        if text(content, "architecture") and not told_by.is_wanted(own, self._platform):
            raise self._session.refused(
                CONFIG, self._server, f"the image is of {own!r:.60}, and {self._platform} was asked for",
                f"take it as it is: --platform {own if own.isprintable() else 'OS/ARCH':.60}",
            )  # fmt: skip
        layers, unpacked = part(manifest, "layers"), part(content, "rootfs", "diff_ids")
        if isinstance(unpacked, list) and isinstance(layers, list) and len(unpacked) != len(layers):
            raise self._refused(
                CONFIG,
                f"{len(unpacked)} layers (rootfs.diff_ids), and {len(layers)} in the manifest; no runtime unpacks that",
            )

    def _answer(self, path: str, step: str, most: int, accept: str) -> Answer:
        """Ask the registry; with a token if it wants one, and elsewhere if it says so."""
        session, registry = self._session, self._session.registry
        to = Url(registry.scheme, registry.host, registry.port, path)
        headers = {"Accept": accept}
        own = {"Authorization": self._authorization} if self._authorization else {}
        answer = session.get(to, step, most, headers | own, is_named=True)
        if answer.status == 401 and not self._authorization:
            self._authorization = authorization(session, answer, step, self._login)
            answer = session.get(to, step, most, headers | {"Authorization": self._authorization}, is_named=True)
        redirects = 0
        while answer.status in _REDIRECTS:
            redirects += 1
            if redirects > self._limits.redirects:
                raise session.refused(
                    step, to.server, f"more than {self._limits.redirects} redirects, the most followed"
                )
            to = self._redirect(to, answer, step)
            # Without the Authorization header, wherever it goes.
            answer = session.get(to, step, most, headers, is_named=session.is_named(to))
        if answer.status != 200:
            raise session.status(step, to.server, answer, has_login=self._login is not None)
        return answer

    def _redirect(self, before: Url, answer: Answer, step: str) -> Url:
        session = self._session
        try:
            to = url(urllib.parse.urljoin(before.text, answer.header("Location")))
        except ValueError as error:
            raise session.refused(step, before.server, f"{answer.status}, on to {error}") from None
        if to.scheme != "https" and not (session.registry.scheme == "http" and session.may_be_plain(to)):
            raise session.refused(
                step, before.server, f"{answer.status}, on to {to.server!r:.100} by plain http; allowed is https"
            )
        return to

    def _verified(self, answer: Answer, step: str, digest: str | None, size: int | None) -> str:
        """The digest of what came, which must be what was asked for and what the registry says."""
        found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        said = answer.header("Docker-Content-Digest")
        if size is not None and len(answer.body) != size:
            raise self._refused(step, f"{len(answer.body):,} bytes, where {size:,} were named")
        if digest is not None and found != digest:
            raise self._refused(step, f"bytes of another digest ({found}) than was asked for ({digest})")
        if said.startswith("sha256:") and said != found:
            raise self._refused(step, f"bytes of another digest ({found}) than it says itself ({said!r:.80})")
        return found

    def _json(self, answer: Answer, step: str) -> dict[str, Any]:
        try:
            content = json.loads(answer.body.decode("utf-8"))
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise self._refused(step, "an answer that is no JSON of one object; is this a registry?")
        return content

    def _refused(self, step: str, problem: str) -> Exception:
        return self._session.refused(step, self._server, problem)
