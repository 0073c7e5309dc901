"""Scenarios from files, text and Python: read, overridden, validated, resolved."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Self, cast

from rolloutsim.errors import MOST_SHOWN, Diagnostic, ScenarioError, UsageError, nearest
from rolloutsim.manifests.layers import Told
from rolloutsim.scenario.assumed import in_force
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.idle import idle_keys, idle_overrides
from rolloutsim.scenario.manifest_files import Files, Filled, filled, notes
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.overlays import merged
from rolloutsim.scenario.overrides import Change, apply, parse_assignment, parse_change, parse_path
from rolloutsim.scenario.places import Path as Steps
from rolloutsim.scenario.places import Place, Places, Problem
from rolloutsim.scenario.problems import validate
from rolloutsim.scenario.resolve import resolve
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.scenario.text import (
    DEEPEST,
    LARGEST_FILE,
    Source,
    decode,
    is_manifest,
    manifest_problem,
    no_value,
    read,
    too_deep,
)
from rolloutsim.structs import struct

# How results are found out where a scenario is expected, and what takes them.
_RESULT_JSON, _RECORDS = "result.json", "records.npz"
_WRITTEN = re.compile(rb'\s*\{\s*"schema":\s*"rolloutsim\.([a-z]+)/')
_TAKEN = (
    "'rolloutsim explain {0}' says why it took as long and what would help, 'rolloutsim report {0} -o report.html' is "
    "its page; 'compare', 'plot' and 'trace' take it, too, and so does rolloutsim.read in Python"
)

# How files begin that rolloutsim writes itself, what they are, and which command is for them.
_NO_TEXT = (
    (
        b"SQLite format 3\0",
        "a SQLite file, as 'rolloutsim sweep' writes it",
        "'rolloutsim report {0} -o report.html' shows a sweep, and 'rolloutsim plot {0} sweep_lines -o x.svg' draws it",
    ),
    (
        b"PK\x03\x04",
        "a zip archive, as the records.npz of a result is",
        _TAKEN,
    ),
)
_IN_PYTHON = "<scenario>"
_PLACES = "_places"  # where a scenario keeps the file and line of each of its thresholds
_OVERRIDES = "_overrides"  # and which of its parts are not its file's: path → what set it
_VARIANT = "_variant"  # and which of its file's variants it is
_UNSAID = "_unsaid"  # and what is not said of it, since it is not so of others of them
_FOLDER = "_folder"  # and where files that it names are looked for
_FILES = "_files"  # and what those hold that were read
_TOLD = "_told"  # and what is to be known of them
_OF_FILES = (_FOLDER, _FILES, _TOLD)
VARIANTS = "variants"
ITSELF = "base"  # what the file itself is called beside its only variant
# What variants cannot differ in, and why.
_SHARED: Mapping[str, str] = {
    "rolloutsim": "it is the version of the file's format",
    "seed": "variants are compared with the same random numbers; set it for all of them",
    "replications": "all variants are simulated equally often; set it for all of them",
    "sweep": "it says what a sweep varies, and a sweep can vary the variants",
    VARIANTS: "a variant has no variants",
}
_VERSION_MISSING = "key 'rolloutsim' is missing; the first line of a scenario is 'rolloutsim: 1'"


class Scenario(Document):
    """A valid scenario in the long form of its file; frozen, changed by `with_` into another one."""

    def __init__(self, **data: Any) -> None:
        draft = Draft(data, Places(_IN_PYTHON), _without_values(data))
        document = draft.valid()
        super().__init__(**draft.filled().data)
        self._keep(document, draft)

    def resolve(self) -> ResolvedScenario:
        """The form that is simulated: every default filled in, every name looked up."""
        overrides, variant = self.__dict__.get(_OVERRIDES, {}), self.__dict__.get(_VARIANT, "")
        resolved = replace(resolve(self), overrides=overrides, variant=variant)
        unsaid = self.__dict__.get(_UNSAID, frozenset())
        said = (note for note in resolved.notes if note not in unsaid)
        resolved = replace(resolved, notes=(*notes(self.__dict__.get(_TOLD, {})), *said))
        told = (note for note in idle_overrides(self, overrides) if note not in resolved.notes)
        resolved = replace(resolved, notes=(*resolved.notes, *dict.fromkeys(told)))
        places = self.__dict__.get(_PLACES)
        if not places:
            return resolved
        pairs = zip(resolved.thresholds, places, strict=True)
        return replace(resolved, thresholds=tuple(replace(threshold, place=place) for threshold, place in pairs))

    def with_(self, changes: Mapping[str, Any]) -> Self:
        """A copy with changes.

        Parameters
        ----------
        changes : mapping
            Dotted path, as in `--set`, to the new value; text is read as in a file.

        Raises
        ------
        UsageError
            If a path does not exist.
        ScenarioError
            If the changed scenario is not valid.
        """
        parsed = [parse_change(key, value) for key, value in changes.items()]
        empty = [
            found
            for change in parsed
            if change.value is not None
            for found in _without_values(change.value, change.path)
        ]
        draft = self.draft().changed(parsed)
        return self._changed(replace(draft, problems=[*draft.problems, *empty]))

    def variant(self, name: str) -> Self:
        """One of its variants, as a scenario without any.

        Parameters
        ----------
        name : str
            What it is called in `variants`.

        Raises
        ------
        UsageError
            If there is no such variant.
        """
        return self._changed(self.draft().of_variant(name))

    def draft(self) -> Draft:
        """Its data as in a file, for changes."""
        data = self.model_dump(mode="json", exclude_unset=True, by_alias=True)
        own = self.__dict__
        places = Places(_IN_PYTHON, folder=own.get(_FOLDER, ""))
        return Draft(
            data, places, variant=own.get(_VARIANT, ""), files=own.get(_FILES) or Files(), told=own.get(_TOLD, {})
        )

    def _changed(self, draft: Draft) -> Self:
        overrides = self.__dict__.get(_OVERRIDES, {}) | draft.places.overrides()
        document = draft.valid()
        return type(self)._of(document, None, overrides, draft.variant, draft.unsaid(document))._keep(document, draft)

    def _keep(self, document: Document, draft: Draft) -> Self:
        """Itself, with what later changes of it need to know of the files that it names."""
        # Beside the fields, as in `_of`.
        kept = {
            _TOLD: document.__dict__.get(_TOLD),
            _FILES: draft.files.read and draft.files,
            _FOLDER: draft.places.folder,
        }
        self.__dict__.update({key: value for key, value in kept.items() if value})
        return self

    def __repr__(self) -> str:
        nodes = sum(group.count for group in self.nodes.values())
        counts = [("node", nodes), ("image", len(self.images)), ("workload", len(self.workloads or ()))]
        told = ", ".join(f"{count:,} {what}{'' if count == 1 else 's'}" for what, count in counts if count)
        return f"<Scenario {self.name or 'unnamed'!r}: {told}>"

    __str__ = __repr__

    @classmethod
    def _of(
        cls,
        document: Document,
        places: Places | None = None,
        overrides: Mapping[str, str] | None = None,
        variant: str | None = None,
        unsaid: frozenset[str] = frozenset(),
    ) -> Self:
        """The scenario of a document that is known to be valid; `places` are those of its text."""
        fields = {name: getattr(document, name) for name in Document.model_fields}
        scenario = cast(Self, cls.model_construct(_fields_set=set(document.model_fields_set), **fields))
        # Up to 2.9 pydantic leaves it out, and fails where such a scenario is compared with one that was validated.
        object.__setattr__(scenario, "__pydantic_private__", None)
        # Beside the fields: two scenarios with the same data are equal, wherever they come from.
        overrides = document.__dict__.get(_OVERRIDES) if overrides is None else overrides
        if overrides:
            scenario.__dict__[_OVERRIDES] = overrides
        if variant := variant or document.__dict__.get(_VARIANT):
            scenario.__dict__[_VARIANT] = variant
        if unsaid := unsaid or document.__dict__.get(_UNSAID, frozenset()):
            scenario.__dict__[_UNSAID] = unsaid
        scenario.__dict__.update({key: document.__dict__[key] for key in _OF_FILES if key in document.__dict__})
        if places is not None and document.thresholds:
            scenario.__dict__[_PLACES] = tuple(
                places.where(("thresholds", metric, number, "check"))
                for metric, conditions in document.thresholds.items()
                for number in range(len(conditions))
            )
        return scenario


def load(
    path: str | Path, overrides: Sequence[str] = (), overlays: Sequence[str | Path] = (), variant: str = ""
) -> Scenario:
    """The scenario in a file; `-` reads standard input.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    overrides : sequence of str
        `KEY=VALUE` each, applied in order before validation, after the variant's own.
    overlays : sequence of str or pathlib.Path
        Files that are merged over it, one after another: maps key by key, anything else takes the place of what is
        there.
    variant : str
        Which of its variants; the file itself by default.

    Raises
    ------
    UsageError
        If there is no such file, or an override names nothing, or there is no such variant.
    ScenarioError
        If the scenario is not valid; holds all errors, located.
    """
    text, name = read_text(path)
    return loads(text, name, overrides, [read_text(one) for one in overlays], variant)


def loads(
    text: str,
    name: str = "<string>",
    overrides: Sequence[str] = (),
    overlays: Sequence[tuple[str, str]] = (),
    variant: str = "",
) -> Scenario:
    """The scenario in a text; `name` stands for the file in errors, overlays are texts and names, else as `load`."""
    return draft(text, name, overrides, overlays, variant).scenario()


@struct
class Draft:
    """A scenario's data before it is validated, where its parts stand, and what is wrong with its text so far.

    `variant` is the one that it is, `among` that of the file with all of them, `sets` what is changed whatever the
    variant, `files` what was read of manifests, and `told` what is to be known of images that had some.
    """

    data: Mapping[str, Any]
    places: Places
    problems: Sequence[Problem] = ()
    variant: str = ""
    sets: Sequence[Change] = ()
    among: Draft | None = None
    files: Files = field(default_factory=Files)
    told: Mapping[str, Told] = field(default_factory=dict)

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of its variants."""
        found = self.data.get(VARIANTS)
        return tuple(map(str, found)) if isinstance(found, Mapping) else ()

    def changed(self, changes: Iterable[Change]) -> Draft:
        """A copy with changes, not validated.

        Raises
        ------
        UsageError
            If a path does not exist.
        """
        places = self.places.copy()
        return replace(self, data=in_force(self.data, apply(self.data, places, *changes)), places=places)

    def of_variant(self, name: str) -> Draft:
        """A copy that is one of its variants, not validated, and has none itself.

        Raises
        ------
        UsageError
            If there is no such variant.
        """
        if name not in self.variants:
            which = f"variants: {listing(self.variants)}" if self.variants else "it has no key 'variants'"
            help = did_you_mean(name, self.variants) if self.variants else None
            raise UsageError(f"{self.places.file} has no variant '{name}'; {f'{help} ' if help else ''}{which}")
        draft = self._without_variants()
        problems = []
        for key, value in (self.data[VARIANTS][name] or {}).items():
            where: Any = (VARIANTS, name, key)
            source = f"{VARIANTS} {name} {key}"
            place = self.places.find(where) or Place(source=source)
            try:
                path = parse_path(key, source)
                if reason := _SHARED.get(str(path[0])):
                    raise UsageError(f"{source}: '{path[0]}' cannot be of one variant: {reason}")
                draft = draft.changed([Change(path, value, source, replace(place, by="variant"))])
            except UsageError as error:
                message = str(error).removeprefix(f"{source}: ").removeprefix(f"{source} ")
                problems.append(Problem(where, f"variant {name}: {message}", at="key"))
        return replace(draft, problems=[*self.problems, *problems], variant=name, among=self).changed(self.sets)

    def document(self, changes: Iterable[Change] = ()) -> Document:
        """The valid document, with changes.

        Raises
        ------
        UsageError
            If a path does not exist.
        ScenarioError
            If the changed scenario is not valid; holds all errors, located.
        """
        draft = self.changed(changes)
        filled = draft.filled()
        document, problems = validate(filled.data, [*draft.problems, *filled.problems])
        if document is None or problems:
            raise draft.places.error(problems)
        if filled.told:
            document.__dict__[_TOLD] = filled.told
        return document

    def filled(self) -> Filled:
        """Its data with the layers of manifests in their place."""
        return filled(self.data, self.places, self.files, self.told)

    def valid(self) -> Document:
        """The valid document, of which every variant is valid, too; errors as in `document`."""
        document: Document | None = None
        found: dict[Diagnostic, None] = {}
        try:
            document = self.document()
        except ScenarioError as error:
            found |= dict.fromkeys(error.diagnostics)
        own = set(found)
        variants = self.data.get(VARIANTS)
        for name in self.variants:
            if len(found) > MOST_SHOWN:  # each variant takes as long as the file
                break
            if isinstance(variants, Mapping) and isinstance(variants[name], Mapping):
                try:
                    self.of_variant(name).document()
                except ScenarioError as error:
                    found |= dict.fromkeys(_of_variant(one, name) for one in error.diagnostics if one not in own)
        if document is None or found:
            raise ScenarioError(sorted(found, key=lambda one: (one.line or 0, one.column or 0)))
        return document

    def scenario(self) -> Scenario:
        """The scenario, valid with all its variants."""
        document = self.valid()
        overrides = self.places.overrides()
        scenario = Scenario._of(document, self.places, overrides, self.variant, self.unsaid(document))
        return scenario._keep(document, self)

    def unsaid(self, document: Document) -> frozenset[str]:
        """What is not said of a variant, whose `document` it is: keys without a part in it that have one in another."""
        if self.among is None:
            return frozenset()
        own = frozenset(idle_keys(document))
        everywhere = own
        for name in self.among.variants:
            if everywhere:
                try:
                    everywhere &= frozenset(idle_keys(self.among.of_variant(name).document()))
                except (ScenarioError, UsageError):  # who asks for that one is told
                    continue
        return own - everywhere

    @property
    def beside(self) -> tuple[str, ...]:
        """What is set side by side: its variants, one alone beside the file itself; empty: it has none."""
        if len(self.variants) != 1:
            return self.variants
        return (ITSELF if ITSELF not in self.variants else f"{ITSELF}-itself", *self.variants)

    def side_by_side(self) -> dict[str, ResolvedScenario]:
        """Each of `beside` by its name, resolved."""
        each = {name: self.of_variant(name) if name in self.variants else self for name in self.beside}
        return {name: one.scenario().resolve() for name, one in each.items()}

    def _without_variants(self) -> Draft:
        return replace(self, data={key: value for key, value in self.data.items() if key != VARIANTS})


def _without_values(value: Any, path: Steps = ()) -> list[Problem]:
    """The keys in data from Python that have None: as in a file, what is not said is left out."""
    if len(path) > DEEPEST:
        return [Problem(path, too_deep())]
    inner = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    )
    is_map = isinstance(value, Mapping)
    found = []
    for key, one in inner:
        here = (*path, key)
        if one is None and is_map and not (path[:1] == (VARIANTS,) and len(path) == 2):
            found.append(Problem(here, no_value(str(key), path), at="key"))
        elif isinstance(one, (Mapping, list, tuple)):
            found += _without_values(one, here)
    return found


def _of_variant(diagnostic: Diagnostic, name: str) -> Diagnostic:
    """An error that says of which variant it is."""
    start = f"variant {name}: "
    return replace(diagnostic, message=start + diagnostic.message.removeprefix(start))


def draft(
    text: str,
    name: str = "<string>",
    overrides: Sequence[str] = (),
    overlays: Sequence[tuple[str, str]] = (),
    variant: str = "",
) -> Draft:
    """What a text says, not yet validated; parameters as for `loads`."""
    changes = [parse_assignment(one) for one in overrides]
    source = _read(text, name)
    for over in overlays:
        source = merged(source, _read(*over, is_over=True))
    if "rolloutsim" not in source.data:
        source.problems.append(Problem(("rolloutsim",), _VERSION_MISSING))
    of_all = [one for one in changes if one.path[0] != VARIANTS]
    of_variants = [one for one in changes if one.path[0] == VARIANTS]
    found = Draft(source.data, source.places, source.problems, sets=of_all).changed(of_variants)
    return found.of_variant(variant) if variant else found.changed(of_all)


def _read(text: str, name: str, is_over: bool = False) -> Source:
    source = read(text, name, is_over)
    source.places.folder = _folder_of(name)
    if is_manifest(source.data):
        raise source.places.error([manifest_problem(source.data)])
    return source


def _folder_of(name: str) -> str:
    """Where files are looked for that a text names: beside its file, or in the working directory if it has none."""
    try:
        folder = os.getcwd()
    except OSError:  # it was removed
        return ""
    return folder if name.startswith("<") else os.path.join(folder, os.path.dirname(name))


def read_text(path: str | Path) -> tuple[str, str]:
    """The text of a scenario file and the name that errors show; `-` reads standard input."""
    name = "<stdin>" if str(path) == "-" else str(path)
    content = _bytes(path)
    for start, what, instead in _NO_TEXT:
        if content.startswith(start):
            instead = instead.format("FILE" if str(path) == "-" else name)
            raise UsageError(f"'{name}' is {what}, and no scenario; {instead}")
    if (match := _WRITTEN.match(content)) is not None:
        raise UsageError(_not_a_scenario(name, match[1].decode(), content))
    return decode(content, name), name


def _bytes(path: str | Path) -> bytes:
    if str(path) == "-":
        if sys.stdin is None:
            raise UsageError("'-' cannot be read: the standard input is closed; give a scenario file")
        try:
            return sys.stdin.buffer.read(LARGEST_FILE + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
    file = Path(path)
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except IsADirectoryError:
        if os.path.exists(file / _RECORDS):
            raise UsageError(_not_a_scenario(str(path), "run", _content(file / _RESULT_JSON))) from None
        raise UsageError(f"'{path}' is a directory; give a scenario file{_example(file)}") from None
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"'{path}' does not exist; give a scenario file{_near(file)}") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str | Path, error: OSError | ValueError) -> UsageError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UsageError(f"'{path}' cannot be read: {reason}; give a scenario file")


def _content(file: Path) -> bytes:
    """What is in a file; empty where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _not_a_scenario(name: str, command: str, content: bytes) -> str:
    """That a path is of what a command wrote: of which scenario, and what takes it."""
    try:
        document = json.loads(content)
    except ValueError:
        document = {}
    if command != "run":
        return f"'{name}' is what 'rolloutsim {command} --format json' wrote, and no scenario; give a scenario file"
    cases = ", ".join(str(case.get("case")) for case in document.get("cases", ()))
    count = document.get("replications", 1)
    scenario = document.get("scenario", {}).get("name")
    details = [
        f"{'case' if len(document.get('cases', ())) == 1 else 'cases'} {cases}" if cases else "",
        f"{count} replications" if count > 1 else "",
        f"rolloutsim {document['version']}" if document.get("version") else "",
    ]
    told = "; ".join(detail for detail in details if detail)
    what = f"the result of '{scenario}'" if scenario else "a result"
    return f"'{name}' is {what}{f' ({told})' if told else ''}, and no scenario; {_TAKEN.format(shlex.quote(name))}"


def _example(directory: Path) -> str:
    first = next(iter(sorted(directory.glob("*.yaml"))), None)
    return f", for example '{first}'" if first else ""


def _near(file: Path) -> str:
    try:
        there = sorted(os.listdir(file.parent))
    except OSError:
        there = []
    near = nearest(file.name, there)
    return f"; did you mean '{file.parent / near}'?" if near else _shipped(file)


def _shipped(file: Path) -> str:
    """How to come by a file that has the name of a shipped scenario."""
    from rolloutsim.scenario.templates import template_names  # only errors need it

    if file.suffix != ".yaml" or file.stem not in template_names():
        return ""
    if os.path.isdir(file.parent):
        return f"; 'rolloutsim init --template {file.stem} -o {shlex.quote(str(file))}' writes the shipped one"
    return f"; 'rolloutsim init --all {shlex.quote(str(file.parent))}' writes the shipped ones"
