"""The URL of a channel with its secrets in it, and texts with them taken out again.

The environment is handed down. A value goes in percent-encoded, except where it begins the URL: then it is
(the beginning of) a URL itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.channels import PLACE, variables
from metric_pipelines.errors import EnvironmentBrokenError

SHORTEST = 4
"""Pieces of a secret that are shorter are not looked for in texts: they would be found everywhere."""


def missing(channel: Channel, environment: Mapping[str, str]) -> list[str]:
    """The variables of a channel that are not set."""
    return [name for name in variables(channel.url) if not environment.get(name)]


def filled(channel: Channel, environment: Mapping[str, str]) -> str:
    """The URL with its variables' values.

    Raises: EnvironmentBrokenError that names the variables that are not set.
    """
    absent = missing(channel, environment)
    if absent:
        names = ", ".join(absent)
        raise EnvironmentBrokenError(
            f"alerts/{channel.name}.yaml",
            f"{names} not set",
            "the secret parts of its url in the environment",
            f"set {names} for every process that refreshes (metric-pipelines up, the schedule, cron)",
        )
    url = channel.url

    def value(found: re.Match[str]) -> str:
        given, before = environment[found[1]].strip(), url[: found.start()]
        if not before:
            return given
        authority = url.partition("://")[2].partition("?")[0].partition("/")[0]
        ends = url.find(authority) + authority.rfind("@")
        in_user = "@" in authority and found.start() < ends
        return quote(given, safe="" if in_user or "?" in before else "/:")

    return PLACE.sub(value, url)


def secrets_of(channel: Channel, environment: Mapping[str, str]) -> list[str]:
    """What must not be told: the values of the variables, whole, encoded and in pieces."""
    found: set[str] = set()
    for name in variables(channel.url):
        value = environment.get(name, "").strip()
        found |= {value, quote(value, safe=""), quote_plus(value)}
        found |= {piece for piece in re.split(r"[/?&=:@\s]+", value) if "." not in piece}
    known = {"https", "http", "webhook", "services", "hooks", "send", "robot", "hook", "open-apis"}
    return sorted((one for one in found if len(one) >= SHORTEST and one not in known), key=len, reverse=True)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without these, longest first."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
