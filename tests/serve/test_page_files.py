"""The files of the page: what others wrote is as it was made; what we wrote asks nobody, and no name becomes markup."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import rolloutsim

PAGE = Path(rolloutsim.__file__).parent / "serve" / "page"
VENDOR = PAGE / "vendor"
OURS = {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGE.iterdir()) if path.is_file()}


def test_the_editor_is_as_it_was_made_from_the_versions_that_stand_beside_it() -> None:
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    licences = (VENDOR / "codemirror.LICENSE").read_text(encoding="utf-8")
    made = hashlib.sha256((VENDOR / "codemirror.js").read_bytes()).hexdigest()
    assert f"SHA-256 of `codemirror.js`: `{made}`" in readme
    packages = re.findall(r"^\| `(.+)` \| (.+) \|$", readme, re.MULTILINE)
    assert len(packages) == 16
    assert [one for one in packages if f"\n{one[0]} {one[1]}\n" not in licences] == []
    # What the pages' scripts take of it is what it was made to have.
    exported = set(re.findall(r"\w+", " ".join(re.findall(r"^export \{(.*?)\}", readme, re.MULTILINE | re.DOTALL))))
    assert set(re.findall(r"\bcm\.(\w+)", OURS["editor.js"])) <= exported


def test_nothing_of_the_page_leads_elsewhere() -> None:
    addresses = {
        (name, one) for name, text in OURS.items() for one in re.findall(r"(?:https?:)?//[\w.-]+\.\w+\S*", text)
    }
    assert addresses == {("dom.js", 'http://www.w3.org/2000/svg";')}  # a name, which nobody asks for


def test_no_text_becomes_markup_or_script() -> None:
    ways = r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function|DOMParser|srcdoc)\b"
    assert [(name, one) for name, text in OURS.items() if name.endswith(".js") for one in re.findall(ways, text)] == []
    assert re.findall(r"<style|\son\w+=|style=|<script(?! src=)", OURS["index.html"]) == []


def test_every_part_of_the_page_that_scripts_look_for_is_there() -> None:
    scripts = "".join(text for name, text in OURS.items() if name.endswith(".js"))
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', scripts)) | set(re.findall(r'\b(?:click|naming)\("([\w-]+)"', scripts))
    ids = re.findall(r'\bid="([\w-]+)"', OURS["index.html"])
    assert len(ids) == len(set(ids))
    assert wanted - set(ids) == set()
