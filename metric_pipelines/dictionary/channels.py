"""The URL of a channel of alerts as it stands in its file: which variables it names, and whether a secret
stands there in the clear.

What cannot be told: a secret that looks like a word. What a URL means to Apprise is for `notifications/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
NAMES = re.compile(
    r"(?:.*[-_])?(?:pass|passwd|password|pwd|token|secret|key|apikey|sig|sign|signature)", re.IGNORECASE
)
"""Parameters of a URL whose value is a secret."""
TOKENS_IN_PATH = ("slack", "discord", "workflow", "workflows", "tgram", "msteams")
TOKEN_FIRST = ("slack", "discord", "tgram", "dingtalk", "feishu", "lark", "wecombot")
_FILLED = "\0"
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_-]{16,}")


def variables(url: str) -> list[str]:
    """The environment variables that a URL names, each once."""
    return list(dict.fromkeys(PLACE.findall(url)))


def malformed(url: str) -> str:
    """What is wrong with the form of a URL, in words; empty where nothing is."""
    bare = PLACE.sub(_FILLED, url)
    if "$" in bare:
        return "a $ that is not part of ${NAME}"
    if any(c.isspace() for c in bare):
        return "a blank in the URL"
    if not bare.startswith(_FILLED) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.", bare):
        return "no service before ://"
    return ""


def clear_secrets(url: str) -> Iterator[str]:
    """Names of the secrets that stand in a URL in the clear: `a password`, `the value of token`."""
    scheme, _, rest = PLACE.sub(_FILLED, url).partition("://")
    scheme = scheme.lower()
    address, _, query = rest.partition("?")
    authority, _, path = address.partition("/")
    userinfo, _, host = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    if _clear(password):
        yield "a password"
    if scheme == "dingtalk":
        if _clear(user):
            yield "a secret"
        user = ""
    parts = [part for part in path.split("/") if part and part[0] not in "#@+"]
    tokens = [host] if scheme in TOKEN_FIRST else []
    tokens += parts[:3] if scheme in TOKENS_IN_PATH else []
    if any(_clear(part) for part in tokens) or any(_RANDOM.fullmatch(p) for p in (user, host, *parts)):
        yield "a token"
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if _clear(value) and (NAMES.fullmatch(name) or _RANDOM.fullmatch(value)):
            yield f"the value of {name}"


def _clear(part: str) -> bool:
    return bool(part.replace(_FILLED, ""))
