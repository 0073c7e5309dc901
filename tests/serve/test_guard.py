"""Who may ask, and how much: nobody without the token, no page of another address, nothing outside of the folder."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rolloutsim.serve.application import Served, application
from rolloutsim.serve.files import Folder
from rolloutsim.serve.guard import Guard
from rolloutsim.serve.limits import LARGEST_REQUEST
from rolloutsim.serve.tabs import Tabs
from tests.serve.client import JSON, PORT, TOKEN, Answer, request

SCENARIO = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {a: 1 MB}}\n"
GUARDED = f"/{TOKEN}/api/start"


class _Nobody:
    """Who does nothing of what the page asks."""

    async def carry_out(self, asked: Any, told: Any) -> None:
        told("result", b"{}")


class Page:
    """The application with its guard, over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tabs: Tabs | None = None

    def __call__(self, method: str, path: str, *body: Any, **more: Any) -> Answer:
        async def asked() -> Answer:
            self.tabs = Tabs(_Nobody(), 1, str(self.folder))  # type: ignore[arg-type]
            served = Served(Folder.of(self.folder), "mine.yaml", self.tabs)
            found = await request(Guard(application(served), PORT, TOKEN), method, path, *body, **more)
            self.tabs.close()
            return found

        return asyncio.run(asked())

    def post(self, path: str, content: Any, **headers: str) -> Answer:
        return self("POST", f"/{TOKEN}/api/{path}", json.dumps(content).encode(), headers={**JSON, **headers})


@pytest.fixture
def page(tmp_path: Path) -> Page:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "secret.yaml").write_text("secret: yes\n")
    return Page(folder)


def test_who_knows_the_token_gets_the_page(page: Page) -> None:
    assert page("GET", f"/{TOKEN}/").status == 200
    assert page("GET", GUARDED).json["yaml"] == SCENARIO
    moved = page("GET", f"/{TOKEN}")
    assert (moved.status, moved.headers["location"]) == (307, f"/{TOKEN}/")


@pytest.mark.parametrize("path", ["/", "/api/start", f"/{TOKEN[:-1]}/api/start", f"/{TOKEN}x/", f"//{TOKEN}/", "/ä/"])
def test_without_the_token_nothing_is_there(page: Page, path: str) -> None:
    found = page("GET", path)
    assert found.status == 404
    assert found.body.decode() == (
        "Nothing is here. The address that rolloutsim serve has printed has a token in it: open it as a whole.\n"
    )


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", f"127.0.0.1.evil:{PORT}", ""]
)
def test_another_name_of_the_host_is_refused(page: Page, host: str) -> None:
    # DNS rebinding: a page of evil.example whose address has become 127.0.0.1 sends its own name.
    assert page("GET", GUARDED, host=host).status == 403


def test_its_own_names_are_those_of_loopback(page: Page) -> None:
    assert [page("GET", GUARDED, host=f"{name}:{PORT}").status for name in ("127.0.0.1", "localhost")] == [200, 200]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("origin", "http://evil.example"), ("origin", "null"), ("origin", f"http://127.0.0.1:{PORT + 1}"),
        ("origin", f"https://127.0.0.1:{PORT}"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"),
    ],
)  # fmt: skip
def test_another_page_is_refused(page: Page, header: str, value: str) -> None:
    assert page("GET", GUARDED, headers={header: value}).status == 403
    assert page.post("ask", {"tab": "a", "ask": 1, "yaml": SCENARIO}, **{header: value}).status == 403


def test_its_own_page_is_not(page: Page) -> None:
    own = {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"}
    assert page("GET", GUARDED, headers=own).status == 200
    # A link in a terminal or a chat opens the page: who has it knows the token.
    link = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
    assert page("GET", f"/{TOKEN}/", headers=link).status == 200


def test_what_is_sent_is_json(page: Page) -> None:
    body = json.dumps({"tab": "a", "ask": 1, "yaml": ""}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        assert page("POST", f"/{TOKEN}/api/ask", body, headers={"content-type": kind}).status == 415
    assert page("PUT", f"/{TOKEN}/api/ask", body, headers=JSON).status == 405
    assert page("OPTIONS", f"/{TOKEN}/api/ask").status == 405


def test_a_body_of_10_mb_is_refused_before_it_is_read(page: Page) -> None:
    found = page("POST", f"/{TOKEN}/api/ask", b"x" * 10_000_000, headers=JSON)
    assert found.status == 413
    assert found.headers["pieces-read"] == "0"


def test_a_body_of_10_mb_without_a_length_is_refused_when_it_has_become_too_large(page: Page) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 10_000

    found = page("POST", f"/{TOKEN}/api/ask", pieces, headers={**JSON, "transfer-encoding": "chunked"})
    assert found.status == 413
    assert int(found.headers["pieces-read"]) == LARGEST_REQUEST // 10_000 + 1


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "١"])
def test_a_length_that_is_none_is_refused(page: Page, length: str) -> None:
    found = page(
        "POST", f"/{TOKEN}/api/ask", b"{}", headers={**JSON, "content-length": length.encode().decode("latin-1")}
    )
    assert found.status == 413


def test_every_answer_tells_the_browser_to_let_nothing_in(page: Page) -> None:
    for path in (f"/{TOKEN}/", GUARDED, "/"):
        headers = page("GET", path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("access-control")]


OUTSIDE = [
    "../secret.yaml", "sub/../../secret.yaml", "/etc/passwd", "/etc/hosts.yaml", "..\\secret.yaml", "link.yaml", "sub",
    "a\0.yaml", "", ".", "..", "link/secret.yaml", "x" * 5000 + ".yaml", "mine.yaml/", "~/x.yaml/../../../secret.yaml",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_of_the_folder_is_read_or_written(page: Page, name: str) -> None:
    os.symlink("../secret.yaml", page.folder / "link.yaml")
    os.symlink("..", page.folder / "link")
    (page.folder / "sub").mkdir()
    before = {path: path.read_bytes() for path in page.folder.parent.rglob("*.yaml")}
    saved = page.post("save", {"yaml": "x", "file": name, "force": True})
    assert saved.status == 400
    assert page.post("report", {"yaml": "x", "file": name, "force": True}).status == 400
    assert page.post("ask", {"tab": "a", "ask": 1, "yaml": "x", "file": name}).status == 400
    assert {path: path.read_bytes() for path in page.folder.parent.rglob("*.yaml")} == before
    from urllib.parse import quote

    opened = page("GET", f"/{TOKEN}/api/open?file={quote(name)}")
    assert opened.status == 400
    assert b"secret:" not in opened.body


@pytest.mark.parametrize(
    "path", ["../../cli/serve.py", "%2e%2e/limits.py", "../limits.py", "main.js/../../limits.py", "/etc/passwd"]
)
def test_no_file_but_the_pages_own_is_sent(page: Page, path: str) -> None:
    assert page("GET", f"/{TOKEN}/{path}").status == 404


def test_files_are_listed_opened_and_saved_by_names_in_the_folder(page: Page) -> None:
    saved = page.post("save", {"yaml": "rolloutsim: 1\n", "file": "new/../new.yaml"})
    assert (saved.status, saved.json) == (200, {"file": "new.yaml"})
    assert page("GET", GUARDED).json["files"] == ["mine.yaml", "new.yaml"]
    assert page("GET", f"/{TOKEN}/api/open?file=new.yaml").json == {"yaml": "rolloutsim: 1\n", "file": "new.yaml"}


def test_a_file_is_replaced_if_that_is_wanted_or_no_loss(page: Page) -> None:
    there = {"yaml": "new\n", "file": "mine.yaml"}
    refused = page.post("save", there)
    assert refused.status == 409
    assert refused.message == "mine.yaml is there already; replace it, or choose another name"
    assert page.post("save", {**there, "was": "something else"}).status == 409
    assert (page.folder / "mine.yaml").read_text() == SCENARIO
    assert page.post("save", {**there, "was": SCENARIO}).status == 200
    assert page.post("save", {**there, "force": True}).status == 200
    assert (page.folder / "mine.yaml").read_text() == "new\n"


def test_what_is_no_file_is_not_written(page: Page) -> None:
    os.mkfifo(page.folder / "pipe.yaml")
    for wanted in (False, True):
        refused = page.post("save", {"yaml": "x", "file": "pipe.yaml", "force": wanted})
        assert (refused.status, refused.message) == (400, "pipe.yaml is no file; choose another name")
    assert page("GET", f"/{TOKEN}/api/open?file=pipe.yaml").message == "'pipe.yaml' is no file; choose a scenario"


def test_where_the_file_that_was_given_is_gone_a_template_is_shown(page: Page) -> None:
    (page.folder / "mine.yaml").unlink()
    found = page("GET", GUARDED).json
    assert (found["file"], found["yaml"].startswith("#"), found["files"]) == (None, True, [])


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("ask", []), ("ask", {"tab": "a", "ask": 1}), ("ask", {"tab": "a", "ask": "1", "yaml": ""}),
        ("ask", {"tab": "a", "ask": True, "yaml": ""}), ("ask", {"tab": "a", "ask": -1, "yaml": ""}),
        ("ask", {"tab": "a", "ask": 2**60, "yaml": ""}), ("ask", {"tab": "<script>", "ask": 1, "yaml": ""}),
        ("ask", {"tab": "a" * 65, "ask": 1, "yaml": ""}), ("ask", {"tab": "a", "ask": 1, "yaml": "\ud800"}),
        ("edit", {"yaml": "", "changes": []}), ("edit", {"yaml": "", "changes": {"nodes": {"a": 1}}}),
        ("variants", {"variants": [], "file": "v.yaml"}), ("variants", {"variants": ["abc"], "file": "v.yaml"}),
        ("variants", {"variants": [["a", "", None]]}), ("variants", {"variants": [["a", 1, None]], "file": "v.yaml"}),
        ("variants", {"variants": [["a", "", None]], "file": "../v.yaml"}),
        ("variants", {"variants": [["a", "", None], ["a", "", None]], "file": "v.yaml"}),
        ("variants", {"variants": [["a", "\ud800", None]], "file": "v.yaml"}),
        ("complete", {"yaml": "", "line": 1.5, "column": 1}), ("save", {"yaml": "", "file": None}),
        ("save", {"yaml": "", "file": "a.yaml", "force": "yes"}), ("cancel", {"tab": "a"}),
    ],
)  # fmt: skip
def test_what_no_page_of_ours_sends_is_refused(page: Page, path: str, content: Any) -> None:
    found = page.post(path, content)
    assert found.status == 400
    assert found.message


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"NaN"])
def test_what_is_not_json_is_refused(page: Page, body: bytes) -> None:
    assert page("POST", f"/{TOKEN}/api/ask", body, headers=JSON).status == 400


def test_a_tab_too_many_is_refused(page: Page) -> None:
    async def many() -> list[int]:
        tabs = Tabs(_Nobody(), 1, str(page.folder))  # type: ignore[arg-type]
        guarded = Guard(application(Served(Folder.of(page.folder), None, tabs)), PORT, TOKEN)
        found = []
        for number in range(34):
            body = json.dumps({"tab": f"tab{number}", "ask": 1, "yaml": ""}).encode()
            found.append((await request(guarded, "POST", f"/{TOKEN}/api/ask", body, headers=JSON)).status)
        tabs.close()
        return found

    assert asyncio.run(many()) == [202] * 32 + [503] * 2
