"""The addresses of the page, below the token: the page itself, and what it asks."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from rolloutsim import report, scenario
from rolloutsim.errors import OutputError, RolloutsimError, UsageError
from rolloutsim.report.plots.colours import SERIES
from rolloutsim.results.files import write_file
from rolloutsim.serve import work
from rolloutsim.serve.files import REPORTS, Folder
from rolloutsim.serve.guard import TOO_LARGE
from rolloutsim.serve.limits import BEAT, LARGEST_TEXT
from rolloutsim.serve.tabs import BusyError, Tabs
from rolloutsim.serve.workers import EndedError
from rolloutsim.structs import struct
from rolloutsim.version import __version__

PAGE = Path(__file__).parent / "page"
_INDEX = "index.html"
_REPORT = Path(report.__file__).parent
# What the page shares with the report: by the name that it has here.
_SHARED = {
    "report.css": _REPORT / "templates" / "report.css",
    "vendor/uPlot.iife.min.js": _REPORT / "vendor" / "uPlot.iife.min.js",
    "vendor/uPlot.min.css": _REPORT / "vendor" / "uPlot.min.css",
}
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_HALF = re.compile("[\ud800-\udfff]")  # of a pair that UTF-16 has for one character
_TAB = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LARGEST_NUMBER = 2**53  # of JavaScript's whole numbers


@struct(eq=False)
class Served:
    """What is served.

    Parameters
    ----------
    folder : Folder
        Where files are read and written.
    file : str or None
        The scenario that is shown first.
    tabs : Tabs
        Who is there.
    """

    folder: Folder
    file: str | None
    tabs: Tabs


class AskedWrongError(RolloutsimError):
    """A request that no page of ours sends."""


class TooLargeError(RolloutsimError):
    """A text that is longer than the page takes."""


class GoneError(RolloutsimError):
    """Whoever asked is gone."""


class ExistsError(RolloutsimError):
    """A file that would be replaced."""


_STATUS: Mapping[type[Exception], int] = {
    AskedWrongError: 400, GoneError: 400, UsageError: 400, ExistsError: 409, TooLargeError: 413, OutputError: 500,
    BusyError: 503, EndedError: 503,
}  # fmt: skip


def application(served: Served) -> Starlette:
    """The application (ASGI), without its guard."""
    api = _Api(served)
    routes = [
        Route("/", _page),
        Route("/api/start", _answered(api.start)),
        Route("/api/events", api.events),
        Route("/api/open", _answered(api.open)),
        Route("/api/explain", _answered(api.explain)),
        Route("/api/ask", _answered(api.ask, 202), methods=["POST"]),
        Route("/api/cancel", _answered(api.cancel, 202), methods=["POST"]),
        Route("/api/edit", _answered(api.edit), methods=["POST"]),
        Route("/api/variants", _answered(api.variants), methods=["POST"]),
        Route("/api/complete", _answered(api.complete), methods=["POST"]),
        Route("/api/save", _answered(api.save), methods=["POST"]),
        Route("/api/report", _answered(api.report), methods=["POST"]),
        Route("/{name:path}", _asset),
    ]
    return Starlette(routes=routes, exception_handlers={404: _nothing, 405: _nothing})


def _answered(of: Callable[[Request], Awaitable[Any]], status: int = 200) -> Callable[[Request], Awaitable[Response]]:
    """An address that answers with JSON, errors among it."""

    async def answer(request: Request) -> Response:
        try:
            found = await of(request)
        except RolloutsimError as error:
            return JSONResponse({"message": str(error)}, _status(error))
        except HTTPException:  # too much was sent
            raise
        except Exception as error:
            return JSONResponse({"message": f"{work.DEFECT}: {type(error).__name__}: {error}"}, 500)
        if isinstance(found, bytes):
            return Response(found, status, media_type=_KINDS[".json"])
        return JSONResponse(found, status)

    return answer


async def _page(request: Request) -> Response:
    state = request.scope["state"]
    if state["bare"]:  # without the slash at its end, relative addresses would lead elsewhere
        return RedirectResponse(f"/{state['token']}/")
    return Response((PAGE / _INDEX).read_bytes(), media_type=_KINDS[".html"])


@cache
def _assets() -> Mapping[str, Path]:
    """Every file of the page by its name: nothing else is sent, whatever a name says."""
    found = (one for one in sorted(PAGE.rglob("*")) if one.is_file() and one.suffix in _KINDS and one.name != _INDEX)
    return {one.relative_to(PAGE).as_posix(): one for one in found} | _SHARED


async def _asset(request: Request) -> Response:
    path = _assets().get(request.path_params["name"])
    if path is None:
        return await _nothing(request, None)
    return Response(path.read_bytes(), media_type=_KINDS[path.suffix])


async def _nothing(request: Request, error: Any) -> Response:
    return PlainTextResponse("Nothing is here.\n", getattr(error, "status_code", 404))


class _Api:
    """What the page asks."""

    def __init__(self, served: Served) -> None:
        self.served = served

    async def start(self, request: Request) -> Any:
        """What the page begins with: the scenario that was given, or the first template, and what else there is."""
        folder, file = self.served.folder, self.served.file
        try:
            yaml = None if file is None else folder.read(file)
        except UsageError:  # it was there when the server began
            yaml = None
        return {
            "version": __version__,
            "folder": str(folder.path),
            "file": None if yaml is None else file,
            "files": folder.scenarios(),
            "yaml": scenario.template() if yaml is None else yaml,
            "templates": [{"name": name, "title": scenario.template_title(name)} for name in scenario.template_names()],
            "colours": list(SERIES),
        }

    async def events(self, request: Request) -> Response:
        """What a tab is told, as server-sent events."""
        try:
            name = _tab(request.query_params.get("tab"))
            after = request.headers.get("last-event-id", "0")
            stream = self.served.tabs.listen(name, int(after) if after.isdecimal() and len(after) < 16 else 0)
            self.served.tabs.tab(name)
        except RolloutsimError as error:
            return JSONResponse({"message": str(error)}, _status(error))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def open(self, request: Request) -> Any:
        """The text of a scenario in the folder, or of a template."""
        query = request.query_params
        if "template" in query:
            return {"yaml": scenario.template(query["template"]), "file": None}
        file = query.get("file", "")
        return {"yaml": self.served.folder.read(file), "file": file}

    async def explain(self, request: Request) -> Any:
        """What a key means."""
        return await self._short({"do": "explain", "key": request.query_params.get("key", "")})

    async def ask(self, request: Request) -> Any:
        """Begin to answer."""
        asked = await _asked(request, tab=str, ask=int, yaml=str, file=_TEXT_OR_NONE)
        if not 0 <= asked["ask"] <= _LARGEST_NUMBER:
            raise AskedWrongError(f"ask {asked['ask']} is no number of a question")
        self.served.tabs.ask(_tab(asked["tab"]), asked["ask"], {"yaml": asked["yaml"], "file": self._named(asked)})
        return {"ask": asked["ask"]}

    async def cancel(self, request: Request) -> Any:
        """Give up what a tab asked."""
        asked = await _asked(request, tab=str, ask=int)
        self.served.tabs.cancel(_tab(asked["tab"]), asked["ask"])
        return {"ask": asked["ask"]}

    async def edit(self, request: Request) -> Any:
        """The scenario's text with other values."""
        asked = await _asked(request, yaml=str, changes=dict, file=_TEXT_OR_NONE)
        if not all(value is None or isinstance(value, (str, int, float)) for value in asked["changes"].values()):
            raise AskedWrongError("'changes' are keys with their new values, as text; null takes a key away")
        _whole("changes", (str(one) for pair in asked["changes"].items() for one in pair))
        return await self._short({"do": "edit", **asked, "file": self._named(asked)})

    async def variants(self, request: Request) -> Any:
        """The text of a scenario of which several are the variants."""
        asked = await _asked(request, variants=list, file=str)
        every = asked["variants"]
        if not every or not all(map(_is_variant, every)) or len({name for name, *_ in every}) < len(every):
            raise AskedWrongError("'variants' are names, texts and files or null, each name once")
        _whole("variants", (one for each in every for one in each if one is not None))
        named = [(name, text, self._named({"file": file})) for name, text, file in every]
        path = self.served.folder.inside(asked["file"])
        made = self.served.tabs.made("variants", {"variants": named, "file": self.served.folder.name_of(path)})
        return await _while_it_is_waited_for(request, made)

    async def complete(self, request: Request) -> Any:
        """What may stand at a place of the text."""
        asked = await _asked(request, yaml=str, line=int, column=int)
        return await self._short({"do": "complete", **asked})

    async def save(self, request: Request) -> Any:
        """Write a scenario into the folder; what is there is replaced if that is wanted, or is known to be no loss."""
        asked = await _asked(request, yaml=str, file=str, force=bool, was=_TEXT_OR_NONE)
        path = self.served.folder.inside(asked["file"])
        self._keep_what_exists(path, asked["force"] or self._is(path, asked["was"]), asked["was"] is not None)
        write_file(path, asked["yaml"])
        return {"file": self.served.folder.name_of(path)}

    async def report(self, request: Request) -> Any:
        """Simulate a scenario and write its report into the folder."""
        asked = await _asked(request, yaml=str, file=str, force=bool, scenario=_TEXT_OR_NONE)
        path = self.served.folder.inside(asked["file"], REPORTS)
        self._keep_what_exists(path, asked["force"])
        content = await _while_it_is_waited_for(
            request,
            self.served.tabs.made("report", {"yaml": asked["yaml"], "file": self._named({"file": asked["scenario"]})}),
        )
        write_file(path, json.loads(content)["html"])
        return {"file": self.served.folder.name_of(path)}

    def _named(self, asked: Mapping[str, Any]) -> str | None:
        """The file that a text is of, from where it is looked for what it names; that which was given by default."""
        file: str | None = asked["file"]
        return self.served.file if file is None else self.served.folder.name_of(self.served.folder.inside(file))

    def _is(self, path: Path, text: str | None) -> bool:
        """Whether a file has a text."""
        try:
            return text is not None and self.served.folder.read(self.served.folder.name_of(path)) == text
        except UsageError:
            return False

    def _keep_what_exists(self, path: Path, force: bool, is_open: bool = False) -> None:
        if os.path.lexists(path) and not path.is_file():
            raise UsageError(f"{self.served.folder.name_of(path)} is no file; choose another name")
        if not force and os.path.lexists(path):
            name = self.served.folder.name_of(path)
            raise ExistsError(
                f"{name} was changed elsewhere since it was opened here; replace it all the same, or save under "
                "another name, and see with Open … what it says now"
                if is_open
                else f"{name} is there already; replace it, or choose another name"
            )

    async def _short(self, asked: Mapping[str, Any]) -> bytes:
        word, found = await self.served.tabs.short(asked)
        if word == work.FAILED:
            raise UsageError(json.loads(found)["message"])
        return found


async def _while_it_is_waited_for(request: Request, work: Coroutine[Any, Any, bytes]) -> bytes:
    """What comes of something; it is given up when who has asked for it is gone."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=BEAT))[0]:
            if await request.is_disconnected():
                raise GoneError("nobody waits for it any more")
        return task.result()
    finally:
        task.cancel()


def _status(error: RolloutsimError) -> int:
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)


def _tab(name: str | None) -> str:
    if name is None or not _TAB.fullmatch(name):
        raise AskedWrongError("a tab is named by up to 64 letters, digits, '-' and '_'")
    return name


def _is_variant(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3:
        return False
    name, text, file = value
    return isinstance(name, str) and isinstance(text, str) and isinstance(file, _TEXT_OR_NONE)


_TEXT_OR_NONE = (str, type(None))


def _whole(name: str, texts: Iterable[str]) -> None:
    """Refuse what has half a character in it."""
    if any(map(_HALF.search, texts)):
        raise AskedWrongError(f"'{name}' has half a character in it, which no file can have")


async def _asked(request: Request, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """The JSON of a request; of what may be left out it says null, of switches false."""
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise AskedWrongError("what was sent is not JSON") from None
    for name, kind in kinds.items():
        value = found.get(name, False if kind is bool else None) if isinstance(found, dict) else None
        if type(value) not in (kind if isinstance(kind, tuple) else (kind,)):
            raise AskedWrongError(f"'{name}' is missing, or is of another kind")
        if isinstance(value, str):
            _whole(name, [value])
        if name == "yaml" and isinstance(value, str) and len(value.encode()) > LARGEST_TEXT:
            raise TooLargeError(TOO_LARGE)
        found[name] = value
    return {name: found[name] for name in kinds}
