"""Refuses connections to private, loopback, link-local and reserved addresses while an alert is sent.

A name is resolved by whoever connects, and may resolve differently a moment later (DNS rebinding), or the
answer may redirect elsewhere. So it is not the name that is judged, but each address at the moment a socket
of this context connects to it: Python tells an audit hook of it (`socket.connect`, PEP 578), and what the
hook raises stops the connection. Such a hook cannot be taken away again; outside of `guarded` it does
nothing.

A proxy of the environment (HTTPS_PROXY ...) may be private: it is the operator's. What stands behind it is
its business, save that a host that we can resolve is judged first (`refuse_host`).
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from metric_pipelines.errors import AccessDeniedError

EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass
class Guard:
    """What is allowed all the same, and what was refused: hooks' errors may be swallowed on their way up."""

    where: str
    allowed: frozenset[tuple[str, int]] = frozenset()
    refused: list[str] = field(default_factory=list)

    def error(self, address: str) -> AccessDeniedError:
        """The refusal of an address."""
        return AccessDeniedError(
            self.where,
            f"its url leads to {address}, which is not a public address",
            "a public host",
            "if it is meant, say allow_private: true in that file",
        )


_active: ContextVar[Guard | None] = ContextVar("metric_pipelines_address_guard", default=None)
_installed: list[bool] = []


@contextmanager
def guarded(where: str) -> Iterator[Guard]:
    """While it lasts, this context (and threads that are given a copy of it) connects to public addresses
    only.
    """
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_hook)
    guard = Guard(where, frozenset(_proxies()))
    token = _active.set(guard)
    try:
        yield guard
    finally:
        _active.reset(token)


def _hook(
    event: str,
    args: tuple[Any, ...],
    events: Collection[str] = EVENTS,
    active: ContextVar[Guard | None] = _active,
) -> None:
    """Its names are its own: at the interpreter's end, when modules are emptied, it is still called."""
    if event not in events:
        return
    guard = active.get()
    if guard is None:
        return
    target = args[1] if len(args) > 1 else None
    if target is None and event != "socket.connect":
        return  # on a socket that is connected already
    host, port = (str(target[0]), int(target[1])) if isinstance(target, tuple) else (str(target), 0)
    if (host, port) in guard.allowed or (isinstance(target, tuple) and is_public(host)):
        return
    guard.refused.append(host)
    raise guard.error(host)


def is_public(host: str) -> bool:
    """Whether an address (not a name) is one of the public internet; what is wrapped in it counts as well."""
    try:
        found: Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _unwrapped(found))


def _unwrapped(address: Address) -> Iterator[Address]:
    """The IPv4 address within an IPv6 one (mapped, 6to4, Teredo, NAT64), or the address itself."""
    inner: list[Address] = []
    if isinstance(address, ipaddress.IPv6Address):
        inner += [one for one in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if one]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    yield from inner or [address]


def refuse_host(guard: Guard, host: str) -> None:
    """Judges a host by what it resolves to here; one that does not resolve is left to the connection.

    Raises: AccessDeniedError.
    """
    for address, _ in _resolved(host, 0):
        if not is_public(address):
            guard.refused.append(address)
            raise guard.error(address)


def _proxies() -> Iterator[tuple[str, int]]:
    """The addresses of the proxies that the environment names."""
    for url in urllib.request.getproxies_environment().values():
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        if parts.hostname:
            yield from _resolved(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))


def behind_proxy() -> bool:
    """Whether the environment names a proxy."""
    return any(name != "no" for name in urllib.request.getproxies_environment())


def _resolved(host: str, port: int) -> list[tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port or None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [(str(entry[4][0]), port) for entry in found]
