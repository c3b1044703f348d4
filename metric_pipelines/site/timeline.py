"""The definitions over time: from the immutable files of effective definitions, what changed between them.

Words for keys stand here, so that a change reads `Filter: x -> y`; what a change did to numbers is the
ledger's to say (`ledger/log.py`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT = 60
"""The newest sets of definitions that are compared with one another."""


@dataclass(frozen=True)
class Difference:
    """One key of a definition that changed: its dotted path, what it was, what it is; None where it was not
    there. `lines` are those of a changed SQL text, as a unified diff.
    """

    path: str
    before: str | None
    after: str | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A definition that was added, removed or changed; `asset` is `metrics/<name>`, `models/<name>`,
    `sources/<name>` or `center`.
    """

    asset: str
    what: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Moment:
    """When other definitions came into force, and what they changed."""

    at: datetime
    definitions: str
    changes: list[Change] = field(default_factory=list)


Loaded = Sequence[tuple[str, datetime]]
"""Hashes of effective definitions, with when each came into force, oldest first."""


def seen(home: Path) -> list[tuple[str, datetime]]:
    """The effective definitions there are, by when their files were written."""
    files = sorted((home / "effective").glob("*.json"), key=lambda file: file.stat().st_mtime)
    return [(file.stem, datetime.fromtimestamp(file.stat().st_mtime, UTC)) for file in files]


def timeline(home: Path, loaded: Loaded) -> list[Moment]:
    """What each set of definitions changed against the one before, oldest first."""
    found: list[Moment] = []
    before: dict[str, Any] | None = None
    for name, at in list(loaded)[-KEPT:]:
        now = _read(home, name)
        if now is None:
            continue
        changes = list(changes_between(before, now)) if before is not None else []
        found.append(Moment(at, name, changes))
        before = now
    return found


def _read(home: Path, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((home / "effective" / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None  # thrown away by somebody: a gap in the history, no reason to show nothing
    return found


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """The definitions that differ."""
    for kind in ("metrics", "models", "sources"):
        old, new = _texts(before, kind), _texts(after, kind)
        for name in sorted(old.keys() | new.keys()):
            asset = f"{kind}/{name}"
            if name not in old:
                yield Change(asset, "added")
            elif name not in new:
                yield Change(asset, "removed")
            elif old[name] != new[name]:
                yield Change(asset, "changed", tuple(differences(old[name], new[name])))
    if before["center"] != after["center"]:
        yield Change("center", "changed", tuple(differences(before["center"], after["center"])))


def _texts(definitions: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Definitions of a kind by name; a model's with its SQL, a source's without what may hold a secret."""
    sql = definitions["sql"] if kind == "models" else {}
    hidden = {"connection"} if kind == "sources" else set()
    return {
        name: {key: value for key, value in found.items() if key not in hidden}
        | ({"sql": sql[name]} if name in sql else {})
        for name, found in definitions[kind].items()
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """What differs between two definitions, in the order in which they are written."""
    old, new = _flat(before), _flat(after)
    for path in dict.fromkeys([*new, *old]):
        if old.get(path) != new.get(path):
            lines = _diff(old, new) if path == "sql" else ()
            yield Difference(path, old.get(path), new.get(path), lines)


def _diff(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    before, after = (side.get("sql", "").splitlines() for side in (old, new))
    found = difflib.unified_diff(before, after, lineterm="", n=2)
    return tuple(line for line in found if not line.startswith(("---", "+++")))


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Scalars by dotted path; lists of scalars as one text; what is empty or false is left out: a key that
    the dictionary did not know before changed nothing.
    """
    if isinstance(value, Mapping):
        return {
            key: text
            for name, part in value.items()
            for key, text in _flat(part, f"{path}.{name}" if path else str(name)).items()
        }
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        return {
            key: text for i, part in enumerate(value) for key, text in _flat(part, f"{path}.{i + 1}").items()
        }
    if isinstance(value, list):
        return {path: ", ".join(map(str, value))} if value else {}
    return {} if value is None or value is False or value == "" else {path: str(value)}
