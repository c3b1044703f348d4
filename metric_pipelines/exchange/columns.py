"""Where a list's header is, and what its columns mean: guessed in English and Chinese, or said by `--map`.

The header may stand below titles, and may be two rows of merged cells ("负责人" over "业务" and "技术").
A field that two columns could be goes to the first; the other is kept as a note, and so is every column whose
heading means nothing to us.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.headings import FIELDS, HEADINGS, NOTE
from metric_pipelines.exchange.sheets import Place, Sheet
from metric_pipelines.exchange.wording import folded, plain

LOOKED_AT = 40
"""Rows in which the header is looked for."""
FEWEST = 2
"""Fields that a header has at least, the name among them."""
NEARLY = 0.88
SHORTEST = 6
"""A heading shorter than this is not compared by likeness."""

How = Literal["known", "alike", "said", "unknown", "second"]
_LANGUAGES = {
    "zh": re.compile(r"\(?\b(zh|cn|chinese)\b\)?|\(?中文\)?|\(中\)", re.IGNORECASE),
    "en": re.compile(r"\(?\b(en|english)\b\)?|\(?英文\)?|\(英\)", re.IGNORECASE),
}
_HINT = re.compile(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】|[*:：]")


@dataclass(frozen=True)
class Column:
    """A column: its number, heading, the field it is read as (or `note`), the language it says, and how that
    is known.
    """

    number: int
    heading: str
    field: str
    lang: str | None
    how: How


@dataclass(frozen=True)
class Header:
    """The rows of a header, and its columns from left to right."""

    first: int
    last: int
    columns: list[Column]

    def of(self, field: str) -> Column | None:
        """The first column that is read as a field."""
        return next((column for column in self.columns if column.field == field), None)


def parsed_map(texts: Sequence[str]) -> dict[str, str]:
    """What `--map "heading=field"` says: fields by heading, compared folded.

    Raises: UsageError for a text without `=` or an unknown field.
    """
    found: dict[str, str] = {}
    for text in texts:
        heading, equals, field = text.rpartition("=")
        if not equals or not heading.strip():
            raise UsageError("--map", repr(text), '"heading=field", such as "口径=description"')
        if field.strip() not in FIELDS:
            raise UsageError.unknown_name("--map", "field", field.strip(), FIELDS)
        found[folded(heading)] = field.strip()
    return found


def find_header(sheet: Sheet, said: Mapping[str, str]) -> Header | None:
    """The header of a sheet; None where no row has a name and another known field.

    `said` are fields by folded heading, which go before every guess.
    """
    texts, found = sheet.spread(), []
    for row in range(1, min(LOOKED_AT, sheet.rows) + 1):
        for depth in (1, 2) if _may_be_two(sheet, row) else (1,):
            columns = _columns(sheet, texts, row, depth, said)
            fields = {column.field for column in columns} - {NOTE}
            if "label" in fields and len(fields) >= FEWEST:
                found.append((len(fields), -depth, -row, Header(row, row + depth - 1, columns)))
    # The most fields; of those that know as many, one row rather than two, and the upper one.
    return max(found, key=lambda one: one[:3])[3] if found else None


def _may_be_two(sheet: Sheet, row: int) -> bool:
    """Whether something is merged from this row on; in a CSV file, which knows no merged cells, whether a
    heading is missing.
    """
    if sheet.name is None:
        return any(not sheet.text(row, column) for column in range(1, sheet.columns + 1))
    return any(merge.top == row for merge in sheet.merges)


def _columns(
    sheet: Sheet, texts: Mapping[Place, str], row: int, depth: int, said: Mapping[str, str]
) -> list[Column]:
    found: list[Column] = []
    taken: set[tuple[str, str | None]] = set()
    above = ""
    for number in range(1, sheet.columns + 1):
        top, below = texts.get((row, number), ""), texts.get((row + 1, number), "") if depth == 2 else ""
        above = top or (above if sheet.name is None else "")
        names = list(_headings(above if depth == 2 and below else top, below))
        if not names:
            if any(sheet.text(line, number) for line in range(row + depth, sheet.rows + 1)):
                found.append(Column(number, "", NOTE, None, "unknown"))
            continue
        field, lang, how = _meant(names, said)
        if field != NOTE and (field, lang) in taken:
            field, how = NOTE, "second"
        taken.add((field, lang))
        found.append(Column(number, names[0], field, lang, how))
    return found


def _headings(top: str, below: str) -> Iterator[str]:
    """What a column may be called: both rows together, the lower, the upper."""
    top, below = plain(top), plain(below)
    if top and below and top != below:
        yield f"{top} {below}"
        yield below
    elif top or below:
        yield top or below


def _meant(names: Sequence[str], said: Mapping[str, str]) -> tuple[str, str | None, How]:
    for name in names:
        if folded(name) in said:
            return said[folded(name)], language_said(name)[1], "said"
    for name in names:
        bare, lang = language_said(name)
        for text in dict.fromkeys((folded(name), folded(bare), folded(_HINT.sub("", bare)))):
            if text in HEADINGS:
                return HEADINGS[text], lang, "known"
    bare, lang = language_said(names[-1])
    text = folded(_HINT.sub("", bare))
    near = get_close_matches(text, HEADINGS, n=1, cutoff=NEARLY) if len(text) >= SHORTEST else []
    return (HEADINGS[near[0]], lang, "alike") if near else (NOTE, None, "unknown")


def language_said(heading: str) -> tuple[str, str | None]:
    """A heading without the language it names, and that language: `Label (en)`, `中文名称`."""
    for lang, pattern in _LANGUAGES.items():
        if pattern.search(heading):
            return pattern.sub("", heading).strip(), lang
    return heading, None
