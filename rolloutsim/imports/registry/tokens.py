"""What a registry wants to see before it answers: a token of its token server, or a user and a password.

The challenge is a stranger's word: it names a host (the realm) that is to be asked, with the user's credentials. So
that host must be the registry's own, one of two known ones, or one that the user named, and it is asked for one thing
only, to pull this repository.

Sources: distribution docs/content/spec/auth/token.md; RFC 9110 section 11 (challenges), RFC 6750 (bearer tokens).
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Sequence

from rolloutsim.imports.registry.asked import is_among
from rolloutsim.imports.registry.credentials import Credentials
from rolloutsim.imports.registry.session import Answer, Session, Url, url
from rolloutsim.imports.shapes import text
from rolloutsim.structs import struct

# Whose tokens come from another host: docs.docker.com/reference/api/registry/auth; docs.gitlab.com, jwt/auth.
_KNOWN = {"registry-1.docker.io": "auth.docker.io", "registry.gitlab.com": "gitlab.com"}
_LONGEST = 8000  # characters of all challenges of an answer (assumed: they have some 200)
_LONGEST_TOKEN = 16_000  # characters (assumed: four times that of large JSON Web Tokens)
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]{0,30})\s+(?=[A-Za-z_-]{1,30}\s{0,3}=)|^\s*(Basic)\s*$", re.I)
_PARAMETER = re.compile(r'([A-Za-z_-]{1,30})\s{0,3}=\s{0,3}(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750 section 2.1


@struct
class Challenge:
    """What an answer 401 wants: its scheme, the realm and the service."""

    scheme: str  # "bearer" or "basic"
    realm: str
    service: str


def challenges(headers: Sequence[str]) -> dict[str, Challenge]:
    """The challenges of an answer, by scheme; of each scheme the first.

    Parameters
    ----------
    headers : sequence of str
        Its headers WWW-Authenticate.

    Raises
    ------
    ValueError
        If they are too long.
    """
    if sum(map(len, headers)) > _LONGEST:
        raise ValueError(f"a challenge of more than {_LONGEST:,} characters, the most that is read")
    found: dict[str, Challenge] = {}
    for header in headers:
        starts = list(_SCHEME.finditer(header))
        for start, after in zip(starts, [*starts[1:], None], strict=False):
            scheme = (start[1] or start[2]).lower()
            own = header[start.end() : after.start() if after else None]
            given = {
                match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
                for match in _PARAMETER.finditer(own)
            }
            found.setdefault(scheme, Challenge(scheme, given.get("realm", ""), given.get("service", "")))
    return found


def authorization(session: Session, answer: Answer, step: str, credentials: Credentials | None) -> str:
    """What the header Authorization must say, after an answer 401.

    Parameters
    ----------
    session : Session
        Asks for the token.
    answer : Answer
        The registry's.
    step : str
        What was asked for, for people.
    credentials : Credentials or None
        The user's for that registry.

    Raises
    ------
    UnreachableError
        If there is no way that is allowed.
    """
    server = session.registry.server
    try:
        found = challenges([str(one) for one in answer.headers.get_all("WWW-Authenticate", [])])
    except ValueError as error:
        raise session.refused(step, server, f"401 with {error}") from None
    if "bearer" in found:
        return f"Bearer {_token(session, found['bearer'], credentials)}"
    if "basic" in found and credentials is not None:
        return credentials.basic
    if "basic" in found:
        raise session.refused(step, server, "401: it answers only who has a login", session.say_login)
    raise session.refused(step, server, "401 without a challenge that is known; Bearer and Basic are")


def _realm(session: Session, challenge: Challenge, step: str) -> Url:
    """Where tokens come from, if that is allowed."""
    server = session.registry.server
    try:
        realm = url(challenge.realm)
    except ValueError as error:
        raise session.refused(step, server, f"it sends for a token to {error}") from None
    is_own = session.is_registry(realm) or (realm.port == 443 and _KNOWN.get(session.registry.host) == realm.host)
    if not is_own and not is_among(realm.host, realm.port, session.allowed.realms):
        raise session.refused(
            step, server, f"it sends for a token to another host, {realm.server!r:.100}; allowed are its own and those "
            "that you name", f"if you trust that host (your login goes there), name it: --allow-realm {realm.server}",
        )  # fmt: skip
    if realm.scheme != "https" and (session.registry.scheme == "https" or not session.may_be_plain(realm)):
        raise session.refused(
            step, server, f"it sends for a token to {realm.server!r:.100} by plain http, where all could read along; "
            "allowed is https"
        )  # fmt: skip
    return realm


def _token(session: Session, challenge: Challenge, credentials: Credentials | None) -> str:
    step = "the token for it"
    realm = _realm(session, challenge, step)
    # We say what it is for, whatever the challenge says: the least that is needed.
    asked = [("service", challenge.service)] if challenge.service else []
    asked.append(("scope", f"repository:{session.reference.path}:pull"))
    query = urllib.parse.urlencode(asked)
    to = Url(realm.scheme, realm.host, realm.port, f"{realm.target}{'&' if '?' in realm.target else '?'}{query}")
    headers = {"Authorization": credentials.basic} if credentials else {}
    is_named = session.is_registry(to) or is_among(to.host, to.port, session.allowed.realms)
    answer = session.get(to, step, session.limits.token, {"Accept": "application/json", **headers}, is_named)
    if 300 <= answer.status < 400:
        raise session.refused(
            step, to.server, f"{answer.status}, on to somewhere else; a token server must answer itself"
        )
    if answer.status in (401, 403):
        raise session.refused(
            step, to.server, f"{answer.status}: {'the login is not accepted' if credentials else 'it wants a login'}",
            "check the user and the password" if credentials else session.say_login,
        )  # fmt: skip
    if answer.status != 200:
        raise session.status(step, to.server, answer, has_login=credentials is not None)
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    token = text(content, "token") or text(content, "access_token")
    if token is None or len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise session.refused(step, to.server, "an answer without a token that could be one (RFC 6750)")
    return token
