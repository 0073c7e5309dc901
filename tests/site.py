"""Whether a built site is whole: `python -m tests.site docs/_build/html`.

Every link leads to a file and to an anchor that are there, every page can be found, and nothing is loaded from
elsewhere. Addresses of others are not asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a page loads by itself, by element; a link is followed by a reader.
_LOADS = {"script": "src", "img": "src", "link": "href", "source": "srcset", "iframe": "src"}
_KEPT = ("canonical", "search", "index", "next", "prev", "author")  # relations of `link` that load nothing
_IN_STYLES = re.compile(r"(?:@import\s+|url\()\s*['\"]?(?!data:)(//|https?:)[^'\")\s]*", re.IGNORECASE)


class Page(HTMLParser):
    """The ids of a page, where its links lead, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.update(given[one] for one in ("id", "name") if one in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in _LOADS and _LOADS[tag] in given and given.get("rel") not in _KEPT:
            self.loads.append(given[_LOADS[tag]])


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with a site.

    Parameters
    ----------
    folder : Path
        Where it was built.
    """
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(folder)
        for address in page.loads:
            if urlsplit(address).scheme not in ("", "data") or address.startswith("//"):
                yield f"{name}: loads {address} from elsewhere"
        for address in {*page.links, *page.loads}:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                yield f"{name}: nothing is at {address}"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{name}: nothing is named so: {address}"
    for style in folder.rglob("*.css"):
        for found in _IN_STYLES.finditer(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(folder)}: loads {found[0]} from elsewhere"
    index = folder / "searchindex.js"
    if not index.exists():
        yield "there is no index to search"
        return
    known = index.read_text(encoding="utf-8")
    for source in folder.parents[1].rglob("*.md"):
        if "_build" not in source.parts:
            docname = source.relative_to(folder.parents[1]).with_suffix("").as_posix()
            if f'"{docname}"' not in known:
                yield f"{docname} is not in the index"


def main() -> None:
    """Show what is wrong."""
    folder = Path(sys.argv[1]).resolve()
    found = sorted(set(faults(folder)))
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(list(folder.rglob('*.html')))} pages, {len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
