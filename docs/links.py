"""What is done to every page: inline code that is a key or a command leads to where it is explained."""

from __future__ import annotations

import re
from functools import cache

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from docs.made.keys import PAGES
from rolloutsim.cli import COMMANDS
from rolloutsim.scenario.reference import homes

_COMMAND = re.compile(r"rolloutsim ([a-z]+)\b")
_NO_PLACE = (nodes.reference, nodes.title, nodes.term)  # inside of which nothing is linked


@cache
def _keys() -> dict[str, tuple[str, str]]:
    """By key: the page that explains it, and its anchor there."""
    pages = {top: f"reference/keys/{page}" for page, tops in PAGES.items() for top in tops}
    return {key: (pages[home.partition(".")[0]], nodes.make_id(home)) for key, home in homes().items() if "." in key}


def place_of(code: str) -> tuple[str, str] | None:
    """The page that explains what stands in inline code, and the anchor there.

    Parameters
    ----------
    code : str
        The code, for example `rollout.max_surge`.
    """
    command = _COMMAND.match(code)
    if command is not None and command[1] in COMMANDS:
        return "reference/commands", command[1]
    return _keys().get(code)


class Linked(SphinxPostTransform):
    """Makes links of inline code."""

    default_priority = 500

    def run(self) -> None:
        """Go through a page."""
        here = self.env.docname
        for code in list(self.document.findall(nodes.literal)):
            place = place_of(code.astext())
            if place is None or place[0] == here or self._inside(code):
                continue
            page, anchor = place
            address = f"{self.app.builder.get_relative_uri(here, page)}#{anchor}"
            link = nodes.reference("", "", internal=True, refuri=address)
            code.replace_self(link)
            link += code

    def _inside(self, code: nodes.Node) -> bool:
        """Whether it stands where it is no link, such as in one."""
        above = code.parent
        while above is not None:
            if isinstance(above, _NO_PLACE):
                return True
            above = above.parent
        return False


class Dashed(SphinxPostTransform):
    """Puts a dash between a parameter and what it is, where Sphinx has two hyphens."""

    default_priority = 500

    def run(self) -> None:
        """Go through what is said of Python names."""
        for about in self.document.findall(addnodes.desc_content):
            for text in list(about.findall(nodes.Text)):
                if " -- " in text[:5]:  # behind a name, or behind its type in parentheses
                    text.parent.replace(text, nodes.Text(text.replace(" -- ", " – ", 1)))
