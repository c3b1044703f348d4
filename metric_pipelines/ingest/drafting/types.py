"""The type of every column, from all of its values: a shape counts only where no value has another.

The first rows say which shapes are worth looking for; all rows decide. One pair of signs holds for all
numbers of a table, as its YAML has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from metric_pipelines.dictionary.source_definitions import SourceColumn
from metric_pipelines.ingest.drafting.doubts import Doubt
from metric_pipelines.ingest.drafting.shapes import DIGITS, PLAIN, Shape, Signs, shapes
from metric_pipelines.ingest.system import Declared
from metric_pipelines.ingest.texts import quoted
from metric_pipelines.warehouse.tables import name

FIRST_ROWS = 5_000
ALMOST = 0.95
MOST_DECIMALS = 9
"""More digits after the point come from binary arithmetic."""
AT_ONCE = 40
"""Columns that are asked for in one query."""


@dataclass(frozen=True)
class Typed:
    """The columns by their names there (without rules), and the signs of the table's numbers."""

    columns: dict[str, SourceColumn]
    signs: Signs
    doubts: list[Doubt]


def typed(
    con: duckdb.DuckDBPyConnection,
    raw: str,
    names: Mapping[str, str],
    declared: Declared,
    *,
    signs: bool,
    table: str = "",
) -> Typed:
    """The types of the texts in `raw`; `names` are ours by theirs, and doubts speak of ours."""
    wanted = {c: shapes(declared.kinds.get(c, ""), signs=signs) for c in names}
    head = f"(select * from {raw} limit {FIRST_ROWS})"
    first, _ = _misfits(con, head, wanted)
    likely = {c: [s for s, misfits in zip(wanted[c], first[c], strict=True) if not misfits] for c in wanted}
    misfits, counts = _misfits(con, raw, likely)
    fitting = {
        c: [s for s, bad in zip(likely[c], misfits[c], strict=True) if not bad] if counts[c] else []
        for c in wanted
    }
    chosen, doubtful = _signs(fitting)
    doubts = [Doubt("ambiguous_number", table, names[c]) for c in doubtful]
    if chosen != PLAIN:
        details: dict[str, str | int] = {"decimal": chosen.decimal, "thousands": chosen.thousands or ""}
        doubts.append(Doubt("number_signs", table, details=details))
    columns: dict[str, SourceColumn] = {}
    for column, ours in names.items():
        shape, unsure = _shape(fitting[column], chosen)
        doubts += [Doubt("ambiguous_day", table, ours)] if unsure else []
        kind = declared.kinds.get(column, "")
        found = _type(con, raw, column, shape, kind) if shape else ("" if counts[column] else _empty(kind))
        doubts += _of_the_type(table, ours, shape, found, kind)
        if not found and counts[column] and not unsure and column not in doubtful:
            likeliest = _likeliest(wanted[column], first[column])
            doubts += _almost(con, raw, column, likeliest, Doubt("almost", table, ours)) if likeliest else []
        form = shape.format if shape and found not in ("", "string") else None
        columns[column] = SourceColumn(
            type=found or "string", nullable=True, format=form, **{"from": column if column != ours else None}
        )
    return Typed(columns, chosen, doubts)


def _misfits(
    con: duckdb.DuckDBPyConnection, rows: str, wanted: Mapping[str, Sequence[Shape]]
) -> tuple[dict[str, list[int]], dict[str, int]]:
    """For each column how many values have not each shape, and how many values there are."""
    misfits: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    columns = list(wanted)
    for part in (columns[i : i + AT_ONCE] for i in range(0, len(columns), AT_ONCE)):
        asked = []
        for column in part:
            text = name(column)
            asked.append(f"count({text})")
            asked += [
                f"count(*) filter (where {text} is not null and not coalesce({_of(s, text)}, false))"
                for s in wanted[column]
            ]
        row = list(con.execute(f"select {', '.join(asked)} from {rows}").fetchone() or ())
        for column in part:
            counts[column], misfits[column] = row[0], row[1 : 1 + len(wanted[column])]
            del row[: 1 + len(wanted[column])]
    return misfits, counts


def _of(shape: Shape, text: str) -> str:
    return f"({shape.condition.replace('{}', text)})"


def _signs(fitting: Mapping[str, Sequence[Shape]]) -> tuple[Signs, list[str]]:
    """The signs by which most columns are numbers; and the columns that could be two different numbers."""
    by_signs: dict[Signs, set[str]] = {}
    for column, found in fitting.items():
        for shape in found:
            if shape.base in ("number", "double"):
                by_signs.setdefault(shape.signs, set()).add(column)
    most = max((len(columns) for columns in by_signs.values()), default=0)
    best = [signs for signs, columns in by_signs.items() if len(columns) == most]
    if not best or len(by_signs.get(PLAIN, ())) == most:
        return PLAIN, []
    if len({signs.decimal for signs in best}) > 1:
        doubtful = set().union(*(by_signs[signs] for signs in best)) - by_signs.get(PLAIN, set())
        return PLAIN, sorted(doubtful)
    return min(best, key=lambda signs: signs.thousands is not None), []


def _shape(fitting: Sequence[Shape], signs: Signs) -> tuple[Shape | None, bool]:
    """The first shape that fits; none, and True, where it cannot be told whether days or months are first."""
    usable = [s for s in fitting if s.base not in ("number", "double") or s.signs == signs]
    if not usable:
        return None, False
    if usable[0].order and any(s.order and s.order != usable[0].order for s in usable):
        return None, True
    return usable[0], False


def _type(con: duckdb.DuckDBPyConnection, raw: str, column: str, shape: Shape, kind: str) -> str:
    """The type of a shape, wide enough for its values with room; of a number, by its digits."""
    if shape.base != "number":
        return "double" if kind == "double" else ("timestamp" if kind == "timestamp" else shape.base)
    if kind == "double":
        return kind
    whole, after = _digits(con, raw, column, shape.signs)
    if kind.startswith("decimal("):
        precision, scale = (int(part) for part in kind[len("decimal(") : -1].split(","))
        if after <= scale and whole <= precision - scale:
            return kind
    if not after and not kind.startswith("decimal"):
        return "int64" if whole < 19 else ("decimal(38,0)" if whole <= 38 and kind else "string")
    if after > MOST_DECIMALS:
        return "double"
    scale = next(s for s in (2, 4, 6, MOST_DECIMALS) if s >= after)
    if whole + scale > 38:
        return "string"
    return f"decimal({18 if whole + 3 + scale <= 18 else 38},{scale})"


def _empty(kind: str) -> str:
    """The type of a column without values: what the system says."""
    return f"decimal(38,{MOST_DECIMALS})" if kind == "decimal" else kind


def _digits(con: duckdb.DuckDBPyConnection, raw: str, column: str, signs: Signs) -> tuple[int, int]:
    """The most digits before the decimal sign, and behind it."""
    text = name(column)
    if signs.thousands:
        text = f"replace({text}, {quoted(signs.thousands)}, '')"
    parts = [f"split_part(trim({text}), {quoted(signs.decimal)}, {i})" for i in (1, 2)]
    query = f"select max(length(ltrim({parts[0]}, '-'))), max(length({parts[1]})) from {raw}"
    row: Any = con.execute(query).fetchone()
    return int(row[0] or 0), int(row[1] or 0)


def _of_the_type(table: str, ours: str, shape: Shape | None, found: str, kind: str) -> list[Doubt]:
    if shape is None:
        return []
    if shape == DIGITS:
        return [Doubt("day_as_digits", table, ours)]
    if shape.format:
        return [Doubt("format", table, ours, {"format": shape.format})]
    if found == "double" and shape.base in ("number", "double") and kind != "double":
        return [Doubt("many_digits", table, ours)]
    return []


def _likeliest(wanted: Sequence[Shape], misfits: Sequence[int]) -> Shape | None:
    return min(zip(misfits, wanted, strict=True), key=lambda pair: pair[0])[1] if wanted else None


def _almost(con: duckdb.DuckDBPyConnection, raw: str, column: str, shape: Shape, doubt: Doubt) -> list[Doubt]:
    """What keeps a column from being of a type, where nearly all of its values are."""
    text = name(column)
    bad = f"{text} is not null and not coalesce({_of(shape, text)}, false)"
    query = (
        f"select count({text}), count(*) filter (where {bad}), min({text}) filter (where {bad}) from {raw}"
    )
    row: Any = con.execute(query).fetchone()
    count, misfits, example = int(row[0]), int(row[1]), str(row[2])
    if not misfits or (misfits > 1 and misfits > (1 - ALMOST) * count) or misfits * 2 >= count:
        return []
    details: dict[str, str | int] = {"n": misfits, "example": example[:40], "type": shape.base}
    return [Doubt(doubt.kind, doubt.table, doubt.column, details)]
