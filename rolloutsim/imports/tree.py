"""Where each part of a YAML text stands, to the character: what an edit of the text needs.

PyYAML's events are read as they come: aliases stay aliases, and nothing is made of the values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Node:
    """A scalar, map, list or alias, from one index of the text to another.

    The start is that of its anchor, where it has one. The end of a map or list in block style is that of what it holds
    last: the parser puts it at what follows.
    """

    __slots__ = ("alias", "anchor", "end", "in_block", "items", "pairs", "start", "text")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.text: str | None = None  # of a scalar
        self.pairs: list[tuple[Node, Node]] | None = None  # of a map
        self.items: list[Node] | None = None  # of a list
        self.in_block = False  # a map or list in block style, or a scalar of several lines behind | or >
        self.anchor: str | None = None
        self.alias: Node | None = None  # what an alias stands for

    @property
    def is_collection(self) -> bool:
        """Whether it is a map or a list."""
        return self.pairs is not None or self.items is not None

    def children(self) -> Iterator[Node]:
        """What is directly in it."""
        for key, value in self.pairs or ():
            yield key
            yield value
        yield from self.items or ()

    def walk(self) -> Iterator[Node]:
        """It and all that is in it, in the order of the text."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.children())))


def tree(text: str) -> Node | None:
    """The nodes of a text that is YAML, of its first document; None where it has none.

    Parameters
    ----------
    text : str
        Without a byte order mark.
    """
    root: Node | None = None
    opened: list[tuple[Node, list[Node]]] = []
    anchors: dict[str, Node] = {}
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            _close(*opened.pop(), event)
            continue
        if not isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            continue
        node = _node(event, text, anchors)
        if opened:
            opened[-1][1].append(node)
        elif root is None:
            root = node
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            opened.append((node, []))
    return root


def _node(event: Any, text: str, anchors: dict[str, Node]) -> Node:
    node = Node(event.start_mark.index, event.end_mark.index)
    if isinstance(event, yaml.AliasEvent):
        node.alias = anchors.get(str(event.anchor))
        return node
    if event.anchor:
        node.anchor = event.anchor
        anchors[event.anchor] = node
    if isinstance(event, yaml.ScalarEvent):
        node.text = event.value
        written = text[node.start : node.end]
        node.in_block = event.style in ("|", ">")
        if node.in_block and "+" not in written.splitlines()[0]:
            node.end = node.start + len(written.rstrip())  # the lines behind it are nobody's
    elif isinstance(event, yaml.MappingStartEvent):
        node.pairs, node.in_block = [], not event.flow_style
    else:
        node.items, node.in_block = [], not event.flow_style
    return node


def _close(node: Node, children: list[Node], event: Any) -> None:
    if node.pairs is not None:
        node.pairs.extend(zip(children[::2], children[1::2], strict=True))
    else:
        node.items = children
    node.end = children[-1].end if node.in_block and children else event.end_mark.index
