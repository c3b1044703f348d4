"""A company's list of metrics (指标清单) read into drafts, with every problem by row.

Nothing is dropped without a word: what has no field is kept in a draft's `notes`, rows that become no draft
are findings. Stays out: writing (`draft_files.py`) and the words for findings (`cli/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange import values
from metric_pipelines.exchange.columns import Header, find_header, parsed_map
from metric_pipelines.exchange.known import Departments, Dictionary, differs
from metric_pipelines.exchange.rows import Row, rows_of
from metric_pipelines.exchange.sheets import Sheet, read_sheets
from metric_pipelines.exchange.wording import folded

Kind = Literal[
    "no_name",
    "section",
    "no_department",
    "department_from_above",
    "new_department",
    "known",
    "known_differs",
    "also_called",
    "same_row",
    "conflict",
    "same_code",
    "code_taken",
    "two_owners",
    "owner_no_mail",
    "unknown_value",
    "key_taken",
    "words_only",
]
LEFT_OUT: frozenset[Kind] = frozenset(
    {"no_name", "section", "no_department", "known", "known_differs", "same_row"}
)
"""Rows with one of these become no draft."""
TEXT_FIELDS = ("description", "purpose", "counted", "not_counted", "caveats", "scenario")


@dataclass(frozen=True)
class Finding:
    """A problem in a row (as a spreadsheet numbers it) and column: what stands there; `other` is what it
    meets: a row's number, the name of a metric, a key, what the field takes.
    """

    row: int
    kind: Kind
    column: str
    found: str
    other: str = ""


@dataclass(frozen=True)
class MetricList:
    """What a list holds: its header, drafts in its order, departments that are not in the center yet, and
    findings by row.
    """

    file: Path
    sheet: str | None
    others: list[str]
    header: Header
    rows: int
    drafts: list[DraftMetric]
    departments: dict[str, Text]
    findings: list[Finding]


def read_metric_list(
    file: Path,
    center: Center,
    *,
    sheet: str | None = None,
    maps: Sequence[str] = (),
    department: str | None = None,
) -> MetricList:
    """Reads a list for a center; `maps` are `heading=field`, `department` is for rows that name none.

    Raises: UsageError for a file that is no list: no header, an unknown sheet, no department anywhere.
    """
    sheets = read_sheets(file)
    said = parsed_map(maps)
    chosen, header = _chosen(file, sheets, sheet, said)
    for heading, name in said.items():
        if not any(folded(column.heading) == heading for column in header.columns):
            headings = ", ".join(column.heading for column in header.columns if column.heading)
            raise UsageError("--map", f"no column {heading!r} for {name}", f"one of {headings}")
    if department is None and header.of("department") is None:
        raise UsageError(
            _place(file, chosen),
            "no column that names a department",
            "one such as 归属部门 or Department",
            '--department NAME for all rows, or --map "heading=department"',
        )
    reader = _Reader(file, chosen, header, center, department or "")
    rows = list(rows_of(chosen, header))
    drafts = [draft for row in rows for draft in reader.draft(row)]
    others = [one.name for one in sheets if one is not chosen and one.name]
    findings = sorted(reader.findings, key=lambda one: one.row)
    return MetricList(
        file, chosen.name, others, header, len(rows), drafts, reader.departments.added, findings
    )


def _place(file: Path, sheet: Sheet) -> str:
    return f"{file}, sheet {sheet.name}" if sheet.name else str(file)


def _chosen(file: Path, sheets: list[Sheet], name: str | None, said: dict[str, str]) -> tuple[Sheet, Header]:
    """The sheet that is asked for, else the first with a header."""
    names = [sheet.name for sheet in sheets if sheet.name]
    if name is not None and name not in names:
        raise UsageError.unknown_name("--sheet", "sheet", name, names)
    asked = [sheet for sheet in sheets if name in (None, sheet.name)]
    found = ((sheet, header) for sheet in asked if (header := find_header(sheet, said)) is not None)
    first = next(found, None)
    if first is None:
        raise UsageError(
            f"{file}, sheet {name}" if name else str(file),
            "no header" if asked else "nothing in it",
            "a row of headings, one of them 指标名称 or Name, another 部门, 口径, Definition, Unit ...",
            'write one above the list, or say which column is which: --map "heading=label"',
        )
    return first


@dataclass
class _Reader:
    """Reads rows one by one, and keeps what was found in them."""

    file: Path
    sheet: Sheet
    header: Header
    center: Center
    department: str
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dictionary = Dictionary.of(self.center)
        self.departments = Departments.of(self.center)
        self.before = ""
        self.seen: dict[str, Row] = {}
        self.codes: dict[str, int] = {}
        self.names = {*self.dictionary.by_name, *self.dictionary.by_synonym, *self._labels()}

    def _labels(self) -> Iterator[str]:
        """All labels of the list, which formulas may name."""
        for row in rows_of(self.sheet, self.header):
            if isinstance(row, Row):
                yield from (folded(text) for text in row.both("label").values())

    def say(self, row: Row, kind: Kind, name: str, found: str, other: str = "") -> None:
        cell, column = row.first(name), self.header.of(name)
        heading = cell.column.heading if cell is not None else column.heading if column is not None else name
        self.findings.append(Finding(row.number, kind, heading, found, other))

    def draft(self, row: Row | tuple[int, str]) -> Iterator[DraftMetric]:
        """The draft of a row, where it becomes one."""
        if not isinstance(row, Row):
            self.findings.append(Finding(row[0], "section", "", row[1]))
            return
        label = {lang: text for lang, text in row.both("label").items() if folded(text)}
        if not label:
            some = [cell.text for cells in row.cells.values() for cell in cells] + [*row.notes.values()]
            self.say(row, "no_name", "label", " | ".join(some)[:80])
            return
        above, self.before = self.before, row.line("department") or self.before
        if self._is_known(row, label) or self._is_repeated(row, label):
            return
        department = row.line("department") or self.department or above
        if not department:
            self.say(row, "no_department", "department", "")
            return
        if department == above and not row.line("department"):
            self.say(row, "department_from_above", "department", "", above)
        yield self._written(row, label, self._department(row, department))

    def _department(self, row: Row, text: str) -> str:
        known = {*self.departments.added}
        key, new = self.departments.key(text)
        if new and key not in known:
            self.say(row, "new_department", "department", text, key)
        return key

    def _is_known(self, row: Row, label: dict[str, str]) -> bool:
        meaning = row.both("description")
        metric = self.dictionary.named([row.line("key"), *label.values()], row.line("code"), meaning)
        if metric is None:
            return False
        kind: Kind = "known_differs" if differs(metric, meaning) else "known"
        self.say(row, kind, "label", " / ".join(label.values()), metric.name)
        return True

    def _is_repeated(self, row: Row, label: dict[str, str]) -> bool:
        """Whether the row says again what another said; where it says something else, both stay."""
        names = [folded(text) for text in label.values()]
        first = next((self.seen[name] for name in names if name in self.seen), None)
        for name in names:
            self.seen.setdefault(name, row)
        if first is None:
            return False
        name = " / ".join(label.values())
        if _meaning(first) == _meaning(row):
            self.say(row, "same_row", "label", name, str(first.number))
            return True
        self.say(row, "conflict", "label", name, str(first.number))
        return False

    def _written(self, row: Row, label: dict[str, str], department: str) -> DraftMetric:
        code = self._code(row)
        owners = {role: mail for role in ("business", "technical") if (mail := self._owner(row, role))}
        single = {name: self._single(row, name) for name in ("refresh_frequency", "tier", "direction")}
        formula = row.both("formula")
        synonyms = values.several("\n".join(cell.text for cell in row.cells.get("synonyms", [])))
        for text in list(formula.values())[:1]:
            if values.in_words_only(text, self.names):
                self.say(row, "words_only", "formula", text)
        shared = self.dictionary.also_called(label.values(), synonyms)
        if shared is not None:
            self.say(row, "also_called", "label", " / ".join(label.values()), shared.name)
        given: dict[str, Any] = {
            "name": self._key(row, label),
            "label": label,
            "department": department,
            "type": "draft",
            "code": code,
            **{name: row.both(name) or None for name in TEXT_FIELDS},
            "synonyms": synonyms,
            "owners": owners,
            "unit": row.line("unit") or None,
            **single,
            "target": self._parsed(row, "target"),
            "reviewed_on": self._parsed(row, "reviewed_on"),
            "formula_in_words": formula or None,
            "notes": row.notes,
            "origin": {"file": self.file.name, "sheet": self.sheet.name, "row": row.number},
        }
        return DraftMetric.model_validate(given)

    def _key(self, row: Row, label: dict[str, str]) -> str:
        """Of its key, its English name, its code; `metric_<n>` where none can be a name."""
        wished = values.slug(row.line("key")) or values.slug(label.get("en", ""))
        key = self.dictionary.key(wished or values.slug(row.line("code")))
        if wished and key != wished:
            self.say(row, "key_taken", "key" if row.line("key") else "label", wished, key)
        return key

    def _code(self, row: Row) -> str | None:
        code = row.line("code")
        if not code:
            return None
        same = self.codes.setdefault(folded(code), row.number)
        theirs = self.dictionary.by_code.get(folded(code))
        if theirs is not None or same != row.number:
            if theirs is not None:
                self.say(row, "code_taken", "code", code, theirs)
            else:
                self.say(row, "same_code", "code", code, str(same))
            self._keep(row, "code")
            return None
        return code

    def _owner(self, row: Row, role: str) -> str | None:
        """The mail address of an owner; a column that names no role is the business owner's."""
        name = f"{role}_owner" if row.line(f"{role}_owner") or role == "technical" else "owner"
        cell = row.first(name)
        if cell is None:
            return None
        owner = values.owner(cell.text)
        if owner.people > 1:
            self.say(row, "two_owners", name, cell.text)
        elif owner.mail is None:
            self.say(row, "owner_no_mail", name, cell.text)
        if owner.mail is None or folded(owner.mail) != folded(cell.text):
            self._keep(row, name)
        return owner.mail

    def _single(self, row: Row, name: str) -> str | int | None:
        text = row.line(name)
        found = values.choice(name, text) if text else None
        if text and found is None:
            self.say(row, "unknown_value", name, text, values.TAKEN[name])
            self._keep(row, name)
        return found

    def _parsed(self, row: Row, name: str) -> Any:
        text = row.line(name)
        found = (values.number(text) if name == "target" else values.day(text)) if text else None
        if text and found is None:
            self.say(row, "unknown_value", name, text, values.TAKEN[name])
            self._keep(row, name)
        return found

    def _keep(self, row: Row, name: str) -> None:
        for cell in row.cells.get(name, []):
            row.note(cell.column.heading, cell.text)


def _meaning(row: Row) -> tuple[str, ...]:
    """What makes two rows of one name the same metric."""
    texts = ["".join(sorted(row.both(name).values())) for name in ("description", "formula")]
    return tuple(
        folded(text) for text in [*texts, row.line("department"), row.line("unit"), row.line("code")]
    )
