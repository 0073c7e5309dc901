"""Which part of a scenario is what an input tells of: its node groups and its images, by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports.drafts.groups import Group, runtime_of
from rolloutsim.imports.drafts.placing import may_run
from rolloutsim.imports.drafts.references import full, name_of, short_names
from rolloutsim.imports.found import Found


def groups_as(
    found: Sequence[Group],
    theirs: Sequence[str],
    is_placeholder: bool,
    said: Sequence[str],
    file: str,
    notes: list[str],
) -> list[Group]:
    """The nodes that were found, in groups as a scenario has them.

    Parameters
    ----------
    found : sequence of Group
        As the input alone would have them.
    theirs : sequence of str
        The scenario's groups.
    is_placeholder : bool
        Whether the scenario has one group, of which not even the number of nodes was known.
    said : sequence of str
        `NAME=GROUP` for a group of the input, `GROUP` for all that are not named.
    file : str
        The scenario, for errors.
    notes : list of str
        What was taken for what.

    Raises
    ------
    UsageError
        If `said` names no group of the input, or of the scenario.
    UnreadableError
        If it is not clear which group is which.
    """
    taken = _as_said(found, theirs, said, file)
    rest = [group.name for group in found if group.name not in taken]
    for name in rest:
        if name in theirs:
            taken[name] = name
    open_ones = [group for group in found if group.name not in taken]
    like = {group.name: [one for one in theirs if one in _other_names(group)] for group in open_ones}
    for name, choices in like.items():
        if len(choices) == 1 and choices[0] not in taken.values():
            taken[name] = choices[0]
            notes.append(f"the nodes {name} are taken to be {choices[0]}, by its name")
        elif choices:
            raise _unclear(found, open_ones, theirs, file)
    left = [group for group in found if group.name not in taken]
    if left and len(found) == 1 and len(theirs) == 1:
        taken[left[0].name] = theirs[0]
        notes.append(f"the nodes {left[0].name} are taken to be {theirs[0]}, the only group")
    elif left and not taken and not is_placeholder:
        raise _unclear(found, left, theirs, file)
    united: dict[str, list[Group]] = {}
    for group in found:
        united.setdefault(taken.get(group.name, group.name), []).append(group)
    return [Group(name, tuple(node for group in several for node in group.nodes)) for name, several in united.items()]


def _as_said(found: Sequence[Group], theirs: Sequence[str], said: Sequence[str], file: str) -> dict[str, str]:
    """Groups of the input whose names in the scenario the user gave."""
    names = [group.name for group in found]
    taken: dict[str, str] = {}
    for one in said:
        name, equals, group = one.rpartition("=")
        if equals and name not in names:
            raise UsageError(f"--group {one}: the input has no group '{name}'; it has: {', '.join(names)}")
        if equals:
            taken[name] = group
    alone = [one for one in said if "=" not in one]
    if len(alone) > 1:
        raise UsageError(f"--group {alone[1]}: the second name for all nodes; say which with NAME={alone[1]}")
    if alone and alone[0] not in theirs:
        raise UsageError(f"--group {alone[0]}: {file} has no such group; it has: {', '.join(theirs)}")
    for name in names if alone else ():
        taken.setdefault(name, alone[0])
    return taken


def _other_names(group: Group) -> set[str]:
    """What a group is called when other nodes are there: its kind with or without zone and runtime."""
    node = group.nodes[0]
    kind, zone, runtime = node.instance_type or "node", node.zone or "", runtime_of(node) or ""
    several = ([kind], [kind, zone], [kind, runtime], [kind, zone, runtime], [zone])
    return {name_of("-".join(part for part in parts if part)) for parts in several if any(parts)}


def _unclear(found: Sequence[Group], open_ones: Sequence[Group], theirs: Sequence[str], file: str) -> UnreadableError:
    counted = ", ".join(f"{group.name} ({_nodes(len(group.nodes))})" for group in open_ones)
    as_theirs = " ".join(f"--group {group.name}={theirs[0]}" for group in open_ones)
    as_they_are = " ".join(f"--group {group.name}={group.name}" for group in open_ones)
    each = f"{as_theirs}, with the group of each in place of {theirs[0]}; " if len(theirs) > 1 else ""
    return UnreadableError(
        f"{found[0].nodes[0].origin}: which groups of {file} ({', '.join(theirs)}) are {counted}? say it: {each}"
        f"{as_they_are} adds them as they are; --group {theirs[0]} "
        f"takes all nodes for {theirs[0]}"
    )


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def mixed(groups: Iterable[Group], found: Found) -> list[str]:
    """Notes on workloads that run on a part of a group only, of which a scenario knows nothing."""
    notes = []
    for group in groups:
        for one in found.workloads:
            able = sum(may_run(node, one) for node in group.nodes)
            if 0 < able < len(group.nodes):
                notes.append(
                    f"{one.kind} {one.name} may run on {able} of the {_nodes(len(group.nodes))} of {group.name}; "
                    f"simulated as if on all or none: give those a group of their own"
                )
    return notes


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name


def images_as(names: Sequence[str], theirs: Collection[str], notes: list[str]) -> dict[str, str]:
    """What images of an input are called in a scenario; those that it does not have keep their names.

    Parameters
    ----------
    names : sequence of str
        The images of the input.
    theirs : collection of str
        The scenario's images.
    notes : list of str
        What was taken for what.

    Raises
    ------
    UnreadableError
        If an image may be several of the scenario's, or several may be one.
    """
    by_full: dict[str, list[str]] = {}
    by_name: dict[str, list[str]] = {}
    for one in theirs:
        by_full.setdefault(full(one), []).append(one)
        by_name.setdefault(name_of(one), []).append(one)
    taken: dict[str, str] = {}
    together: dict[str, list[str]] = {}
    for name in names:
        like = [name] if name in theirs else by_full.get(full(name), [])
        like = like or [
            one for short in sorted(short_names(name), key=_longest_first) for one in by_name.get(short, [])
        ]
        if len(like) > 1:
            raise UnreadableError(
                f"{name} may be the scenario's {' or '.join(like)}; say which: rolloutsim import {like[0]}=FILE, with "
                "its manifest, or rename one of them"
            )
        taken[name] = like[0] if like else name
        if taken[name] != name:
            together.setdefault(taken[name], []).append(name)
    for one, several in together.items():
        if len({full(name) for name in several}) > 1:
            raise UnreadableError(
                f"{' and '.join(several)} may both be the scenario's {one}; rename {one} there to the one that it is"
            )
    for name, one in taken.items():
        if name != one:
            notes.append(f"{name} is taken to be {one}, by its name")
    return taken
