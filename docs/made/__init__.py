"""What the site's pages show of the code: made when the site is built, so that it is said once, where it is declared.

A page asks for a part by a fenced block, ```` ```{made} commands ````; `PARTS` says who makes it. What stands in the
block is for readers of the plain file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from docs.made import accuracy, codes, columns, commands, documents, figures, keys, names, scenarios, words

PARTS: dict[str, Callable[..., Iterator[str]]] = {
    "accuracy": accuracy.lines,
    "causes": columns.causes,
    "commands": commands.lines,
    "comparisons": columns.side_by_side,
    "documents": documents.lines,
    "exit-codes": codes.lines,
    "figure": figures.one,
    "figures": figures.every,
    "keys": keys.lines,
    "metrics": columns.metrics,
    "names": names.lines,
    "nodes-links": columns.resources,
    "presets": words.presets,
    "purchases": columns.to_buy,
    "random": columns.purposes,
    "records": columns.of_records,
    "scenarios": scenarios.lines,
    "words": words.lines,
}

MARK = re.compile(r"^```\{made\} ([\w-]+)((?: [\w:.=-]+)*)\n.*?^```$", re.MULTILINE | re.DOTALL)


def filled(text: str) -> str:
    """A page with the parts that it asks for.

    Parameters
    ----------
    text : str
        The page, as its file has it.
    """
    return MARK.sub(lambda mark: "\n".join(PARTS[mark[1]](*mark[2].split())), text)
