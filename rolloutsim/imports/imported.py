"""From files to a scenario's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rolloutsim import scenario
from rolloutsim.errors import ScenarioError, UnreadableError
from rolloutsim.imports import cluster, containerd, hosts, manifests, soci, workloads
from rolloutsim.imports.documents import READ, Document, documents
from rolloutsim.imports.drafts.assumed import Assumed
from rolloutsim.imports.drafts.draft import Draft, draft
from rolloutsim.imports.found import Found
from rolloutsim.imports.shapes import mapping, maps, part, text
from rolloutsim.imports.writing import written
from rolloutsim.structs import struct

_HEAD = """\
# yaml-language-server: $schema=rolloutsim.schema.json
# Behind each value stands where it is from; what is assumed, look at first.
"""


@struct
class Imported:
    """A scenario that was made of files.

    Parameters
    ----------
    text : str
        The scenario, with comments.
    assumed : tuple of Assumed
        What nothing told, the most important first.
    notes : tuple of str
        What was left out, or taken for something.
    summary : str
        What was found, counted.
    """

    text: str
    assumed: tuple[Assumed, ...]
    notes: tuple[str, ...]
    summary: str


def imported(given: Sequence[str], platform: str = manifests.PLATFORM) -> Imported:
    """Read files and folders, and make one scenario of them.

    Parameters
    ----------
    given : sequence of str
        Files, folders, or `-` for the standard input; `NAME=FILE` says which image a manifest is of.
    platform : str
        Which manifest of an image for several platforms.

    Returns
    -------
    Imported
        The scenario's text; it is valid.

    Raises
    ------
    UsageError
        If a file cannot be read.
    UnreadableError
        If one is nothing that is known, or says what cannot be.
    """
    every = list(documents(given))
    found = Found()
    of_images = []
    for one in every:
        if manifests.shape(one.content) is not None:
            of_images.append(one)
        else:
            _take(one, found)
    found.images.extend(manifests.images(of_images, platform))
    if found.unused and not (found.images or found.nodes or found.workloads or found.prepulls or found.kubelets):
        kinds = ", ".join(sorted(found.unused))
        raise UnreadableError(f"{every[0].origin}: only {kinds}; {READ}")
    made: Draft = draft(found, list(dict.fromkeys(one.label for one in every)))
    body = _HEAD + written(made.content)
    try:
        scenario.loads(body)  # what is written can be read
    except ScenarioError as error:
        origins = ", ".join(dict.fromkeys(one.label for one in every))
        message = error.diagnostics[0].message
        raise UnreadableError(
            f"{origins}: the scenario of what it says is not valid: {message}; mend that in the file, or leave it out"
        ) from None
    return Imported(body, made.assumed, made.notes, made.summary)


def _take(one: Document, found: Found) -> None:
    for is_one, read in _READERS:
        if is_one(one.content):
            read(one, found)
            return
    raise UnreadableError(f"{one.place}: {_unknown(one.content)}")


def _is_kubernetes(content: Any) -> bool:
    return bool(text(content, "kind") and text(content, "apiVersion"))


def _of_kubernetes(one: Document, found: Found) -> None:
    for item in _items(one.content):
        kind = text(item, "kind")
        if kind == "Node":
            found.nodes.append(cluster.node(item, one))
        elif kind in workloads.KINDS:
            found.workloads.append(workloads.workload(item, one))
        elif kind == workloads.IMAGE_PULL_JOB:
            found.prepulls.append(workloads.image_pull_job(item, one))
        elif kind == "Event":
            raise UnreadableError(f"{one.place}: events of pulls; this version reads none; {READ}")
        else:
            found.unused[kind or "without a kind"] = found.unused.get(kind or "without a kind", 0) + 1


def _kubelet(one: Document, found: Found) -> None:
    found.kubelets.append(cluster.kubelet(one))
    found.notes.extend(cluster.kubelet_notes(one))


# What a document may be, told by its content, and what takes it in: the first that knows it. Manifests come before
# all of them, and together: an index names others.
_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Document, Found], None]], ...] = (
    (cluster.is_kubelet, _kubelet),
    (soci.is_soci, soci.take),
    (containerd.is_containerd, containerd.take),
    (hosts.is_hosts, hosts.take),
    (_is_kubernetes, _of_kubernetes),
)


def _items(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """An object, or those of a list; the API's own lists leave out what each item is."""
    kind = str(content.get("kind"))
    if not kind.endswith("List") or not isinstance(content.get("items"), list):
        yield content
        return
    for item in maps(content, "items"):
        yield item if text(item, "kind") else {**item, "kind": kind.removesuffix("List")}


def _unknown(content: Any) -> str:
    """What a document may be that is not read, and what to give in its place."""
    if mapping(content, "image") and part(content, "image", "repository") is not None:
        return (
            "Helm values, which are no workloads; render them: "
            "helm template RELEASE CHART -f FILE | rolloutsim import -"
        )
    if any(text(service, "image") for service in mapping(content, "services").values()):
        return f"a compose or stack file, which this version does not read; {READ}"
    if part(content, "rolloutsim") is not None:
        return "a scenario already; run it: rolloutsim run FILE"
    if part(content, "events") is not None:
        return f"notifications of a registry, which this version does not read; {READ}"
    if part(content, "rootfs", "diff_ids") is not None:
        return (
            "an image's configuration, which has no sizes; give its manifest: "
            "crane manifest IMAGE | rolloutsim import IMAGE=-"
        )
    return f"nothing that is known here; {READ}"
