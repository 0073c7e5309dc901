"""From files to a scenario's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rolloutsim import scenario
from rolloutsim.errors import ScenarioError, UnreadableError, UsageError, shortened
from rolloutsim.imports import (
    archives,
    blobs,
    cluster,
    compose,
    containerd,
    hosts,
    instances,
    kubernetes,
    manifests,
    registry,
    soci,
    totals,
    workloads,
)
from rolloutsim.imports.assumptions import with_assumed
from rolloutsim.imports.documents import CALIBRATE, READ, Document, documents, left_out
from rolloutsim.imports.drafts.assumed import Assumed
from rolloutsim.imports.drafts.draft import Draft, draft
from rolloutsim.imports.found import Found
from rolloutsim.imports.merging import Merged, merged_into
from rolloutsim.imports.shapes import mapping, maps, part, text
from rolloutsim.imports.writing import written
from rolloutsim.manifests import layers as told_by
from rolloutsim.structs import struct

_HEAD = """\
# yaml-language-server: $schema=rolloutsim.schema.json
# Editors check it with that file beside it: rolloutsim schema > rolloutsim.schema.json
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


def imported(
    given: Sequence[str], platform: str = told_by.PLATFORM, allowed: registry.asked.Allowed | None = None
) -> Imported:
    """Read files and folders, ask for images by their names, and make one scenario of them.

    Parameters
    ----------
    given : sequence of str
        Files, folders, or `-` for the standard input; `NAME=FILE` says which image a manifest is of. Images in
        registries, by their names.
    platform : str
        Which manifest of an image for several platforms.
    allowed : Allowed, optional
        What may be asked of registries beside these images' manifests.

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
    UnreachableError
        If a registry does not answer, or not as it should.
    """
    found, origins = _read(given, platform, allowed)
    made: Draft = draft(found, origins)
    body = _HEAD + written(with_assumed(made.content))
    try:
        scenario.loads(body)  # what is written can be read
    except ScenarioError as error:
        message = error.diagnostics[0].message
        raise UnreadableError(
            f"{', '.join(origins)}: the scenario of what it says is not valid: {message}; mend that in the file, or "
            "leave it out"
        ) from None
    return Imported(body, made.assumed, tuple(map(shortened, made.notes)), made.summary)


def merged(
    given: Sequence[str], text: str, file: str, platform: str = told_by.PLATFORM, groups: Sequence[str] = (),
    allowed: registry.asked.Allowed | None = None,
) -> Merged:  # fmt: skip
    """Read files and folders, and merge what they tell into a scenario.

    Parameters
    ----------
    given : sequence of str
        As for `imported`; the scenario's own file is left out.
    text, file : str
        The scenario, and what it is called.
    platform : str
        Which manifest of an image for several platforms.
    groups : sequence of str
        `NAME=GROUP`: what nodes of the input are called in the scenario; `GROUP`: all of them are that.
    allowed : Allowed, optional
        As for `imported`.

    Returns
    -------
    Merged
        The scenario's text; it is valid.

    Raises
    ------
    UsageError
        If a file cannot be read, or there are no such nodes or groups.
    ScenarioError
        If the scenario is not valid before.
    UnreadableError
        If a file is nothing that is known, it is not clear what is what, or the scenario would not be valid.
    UnreachableError
        If a registry does not answer, or not as it should.
    """
    scenario.loads(text.removeprefix("\ufeff"), file)
    found, origins = _read(given, platform, allowed, file)
    return merged_into(text, file, found, origins, groups)


def _read(
    given: Sequence[str], platform: str, allowed: registry.asked.Allowed | None, into: str | None = None
) -> tuple[Found, list[str]]:
    """What files and registries tell, without the scenario that they go `into`, and what they are called."""
    if not told_by.A_PLATFORM.fullmatch(platform):
        raise UsageError(f"--platform {platform!r:.60}: no platform; write for example linux/arm64")
    named = {one: reference for one in given if (reference := registry.references.named(one)) is not None}
    of_files = [one for one in given if one not in named]
    files = documents(of_files)
    every = [one for one in files if into is None or Path(one.origin).resolve() != Path(into).resolve()]
    if named:  # after the files: where one is missing, nobody is asked
        every += registry.client.manifests_of([*named.values()], platform, allowed or registry.asked.Allowed())
    if not every:
        raise UnreadableError(f"{into}: the only file that was given; name those that tell something; {READ}")
    found = Found(platform=platform)
    found.notes.extend(left_out(of_files))
    of_images, of_histories = [], []
    counted: dict[tuple[str, int], Document] = {}  # what would be there twice
    for one in every:
        if told_by.shape(one.content) is not None:
            of_images.append(one)
        elif isinstance(one.content, blobs.Tarred | blobs.Layout):
            found.images.extend(archives.images(one, platform))
        elif totals.is_history(one.content):
            of_histories.append(one)
        else:
            is_counted = _is_kubernetes(one.content) or compose.is_compose(one.content)
            first = counted.setdefault((one.digest, one.number), one) if is_counted else one
            if first is one:
                _take(one, found)
            else:
                found.notes.append(f"{one.place} holds what {first.place} does, and is taken once")
    cluster.keep_each_once(found.nodes)
    found.images.extend(manifests.images(of_images, platform))
    found.images.extend(totals.histories(of_histories))
    if found.unused and found.is_empty:
        kinds = ", ".join(sorted(found.unused))
        raise UnreadableError(f"{every[0].origin}: only {kinds}; {READ}")
    return found, list(dict.fromkeys(one.title for one in every))


def _take(one: Document, found: Found) -> None:
    for is_one, read in _READERS:
        if is_one(one.content):
            read(one, found)
            if one.is_named and one.number == 1 and read not in (totals.totals, hosts.take):
                found.notes.append(f"{one.name}= before {one.origin} is not used: this is no image that it could name")
            return
    raise UnreadableError(f"{one.place}: {_unknown(one.content)}")


def _is_kubernetes(content: Any) -> bool:
    return bool(text(content, "kind") and text(content, "apiVersion"))


def _of_kubernetes(one: Document, found: Found) -> None:
    for item in _items(one.content):
        kind = text(item, "kind")
        if kind == "Node":
            found.nodes.append(cluster.node(item, one))
        elif kind in kubernetes.KINDS:
            kubernetes.take(item, one, found)
        elif kind == workloads.IMAGE_PULL_JOB:
            found.prepulls.append(workloads.image_pull_job(item, one))
        elif kind == "Event":
            raise UnreadableError(f"{one.place}: events, which tell of pulls; {CALIBRATE}")
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
    (totals.is_total, totals.totals),
    (_is_kubernetes, _of_kubernetes),
    (compose.is_compose, compose.take),
    (instances.is_description, instances.take),
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
    if (machines := instances.of_others(content)) is not None:
        return machines
    if part(content, "rolloutsim") is not None:
        return "a scenario already; run it: rolloutsim run FILE"
    if part(content, "events") is not None:
        return f"notifications of a registry; {CALIBRATE}"
    if text(content, "MESSAGE") or text(content, "http.request.method"):
        return f"a log; {CALIBRATE}"
    if part(content, "rootfs", "diff_ids") is not None:
        return (
            "an image's configuration, which has no sizes; give its manifest: "
            "crane manifest IMAGE | rolloutsim import IMAGE=-"
        )
    return f"nothing that is known here; {READ}"
