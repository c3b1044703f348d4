"""Names of ours for theirs: snake_case in ASCII, each once; what has no Latin letters is counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence

from metric_pipelines.dictionary.months import MONTH_COLUMN
from metric_pipelines.exchange.values import slug

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def column_names(theirs: Sequence[str]) -> dict[str, str]:
    """A name of ours for each column of theirs, in order."""
    found: dict[str, str] = {}
    for number, name in enumerate(theirs, 1):
        taken = {*found.values(), MONTH_COLUMN}
        found[name] = _free(_ascii(name) or f"column_{number}", taken)
    return found


def table_name(theirs: str, number: int, taken: Container[str]) -> str:
    """A name of ours for a table: one that the dictionary takes."""
    return _free(slug(_ascii(theirs).replace("__", "_")) or f"table_{number}", taken)


def _ascii(text: str) -> str:
    """The text in snake_case; empty where it holds letters of another script, or begins with a digit."""
    plain = unicodedata.normalize("NFKC", text).replace("ß", "ss")
    bare = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    if any(c.isalpha() and not c.isascii() for c in bare):
        return ""
    name = re.sub(r"[^a-z0-9]+", "_", _HUMPS.sub("_", bare).lower()).strip("_")[:60].strip("_")
    return name if re.match(r"[a-z]", name) else ""


def _free(name: str, taken: Container[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
