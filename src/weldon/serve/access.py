"""Who may ask: the names under which the page is reached, where a request comes from, and the token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from weldon.errors import UsageError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})
READING = frozenset({"GET", "HEAD"})
OPEN = frozenset({"/login", "/health"})  # what is answered without the token; styles and scripts are, too
LEAST_TOKEN = 8  # letters of a token that a person chose
COOKIE = "weldon"


@dataclass(frozen=True, slots=True)
class Door:
    """What the server lets in.

    Args:
        host: the address it listens on.
        token: what everyone must show; None lets all in, which only the own machine may do.
    """

    host: str
    token: str | None

    @property
    def names(self) -> frozenset[str]:
        """The names under which a browser may ask for the page."""
        return LOOPBACK | {self.host.lower(), socket.gethostname().lower()}

    def knows(self, host: str) -> bool:
        """Return whether a ``Host`` header names this machine; it may carry any port.

        A page of somebody else's that makes its own name point at this machine is refused by it.

        Example:
            >>> door = Door("127.0.0.1", None)
            >>> door.knows("localhost:8787"), door.knows("evil.example"), door.knows("192.168.0.7")
            (True, False, False)
        """
        name = host_name(host)
        return name in self.names or (self.host in EVERYWHERE and is_address(name))

    def admits(self, headers: Mapping[str, str], cookie: str | None) -> bool:
        """Return whether a request shows the token: as bearer, as basic password, or as our cookie."""
        if self.token is None:
            return True
        if cookie is not None and same(cookie, cookie_value(self.token)):
            return True
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return same(value.strip(), self.token)
        return kind.lower() == "basic" and same(basic_password(value), self.token)


def open_door(host: str | None, token: str | None) -> Door:
    """Return the door for ``--host`` and ``--token``: none of the network's without a token.

    Args:
        host: where to listen; None is this machine alone.
        token: that everyone must show; None makes one up where the network can ask.

    Raises:
        UsageError: a token that is too short to keep anybody out.
    """
    if token is not None and (len(token) < LEAST_TOKEN or not token.isascii() or " " in token):
        raise UsageError(f"token must be at least {LEAST_TOKEN} plain letters and digits, got {len(token)}")
    place = "127.0.0.1" if host is None else host
    if token is None and place.lower() not in LOOPBACK:
        token = secrets.token_urlsafe(18)
    return Door(place, token)


def refusal(door: Door, method: str, path: str, headers: Mapping[str, str], cookie: str | None) -> str | None:
    """Return why a request is not answered, None where it is; without the token, see :meth:`Door.admits`.

    Args:
        door: what is let in.
        method: of the request.
        path: of the request.
        headers: names in small letters.
        cookie: ours, where it came along.
    """
    host = headers.get("host", "")
    if not door.knows(host):
        return f"this page is not called {host[:100]!r}: open it as localhost, or name it with --host"
    if method in READING:
        inside = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        if not inside and headers.get("sec-fetch-mode") != "navigate":
            return "another page may not read from this one"
    elif not _is_own(headers, host):
        return "another page may not change anything here"
    if door.admits(headers, cookie) or path in OPEN or path.startswith("/static/"):
        return None
    return "token"


def _is_own(headers: Mapping[str, str], host: str) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


def host_name(host: str) -> str:
    """Return a ``Host`` header without its port.

    Example:
        >>> host_name("LocalHost:8787"), host_name("[::1]:8787"), host_name("10.0.0.1")
        ('localhost', '::1', '10.0.0.1')
    """
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """Return whether a name is the number of a machine, which no other page can claim as its own."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def cookie_value(token: str) -> str:
    """Return what the browser keeps in place of the token."""
    return hashlib.sha256(f"weldon page {token}".encode()).hexdigest()


def basic_password(value: str) -> str:
    """Return the password of basic authentication, empty where it cannot be read.

    Example:
        >>> basic_password("d2VsZG9uOnNlY3JldA==")     # weldon:secret
        'secret'
    """
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def same(given: str, wanted: str) -> bool:
    """Compare two texts in a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())
