"""`import excel`: what a list holds, what is wrong with it by row, and the drafts it becomes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text as Line

from metric_pipelines.cli.opening import refuse_foreign_center
from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.cli.texts import Words
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.exchange.columns import Column
from metric_pipelines.exchange.draft_files import draft_file, to_write
from metric_pipelines.exchange.draft_files import write as write_files
from metric_pipelines.exchange.headings import NOTE
from metric_pipelines.exchange.metric_list import LEFT_OUT, Finding, Kind, MetricList, read_metric_list
from metric_pipelines.exchange.rows import NUMBER, letters
from metric_pipelines.settings import Settings

ALIKE: tuple[Kind, ...] = ("known", "words_only")
"""Findings that many rows have: told in one line each."""
FIELD_NAMES = {
    "label": "label",
    "formula": "formula_in_words",
    "owner": "owners.business",
    "business_owner": "owners.business",
    "technical_owner": "owners.technical",
    "key": "name",
}


@dataclass(frozen=True)
class Asked:
    """What was typed."""

    file: Path
    sheet: str | None
    maps: list[str]
    department: str | None
    into: Path | None


def import_excel(screen: Screen, settings: Settings, asked: Asked, *, write: bool, as_json: bool) -> None:
    """Tells what the list holds, and writes its drafts where that is asked for.

    Raises: UsageError for a file that is no list, or a center that is not to be written; InvalidCenterError.
    """
    folder = (asked.into or settings.center_folder).expanduser().resolve()
    if write and asked.into is None:
        refuse_foreign_center(settings, "metric-pipelines init FOLDER --from-excel FILE, or --into FOLDER")
    center = load_valid_center(folder) if asked.into else settings.load()
    found = read_metric_list(
        asked.file, center, sheet=asked.sheet, maps=asked.maps, department=asked.department
    )
    files = to_write(folder, found.drafts, found.departments, screen.lang)
    if write:
        write_files(folder, files)
    if as_json:
        screen.json(plain(found, center, list(files), written=write))
        return
    _list(screen, found)
    problems(screen, found.findings)
    _outcome(screen, asked, center, found, written=write)


def plain(found: MetricList, center: Center, files: Sequence[str], *, written: bool) -> dict[str, Any]:
    """The list as plain values, for programs."""
    say = Words("en")
    return {
        "file": str(found.file),
        "sheet": found.sheet,
        "other_sheets": found.others,
        "header": {"first": found.header.first, "last": found.header.last},
        "columns": [
            {
                "column": letters(c.number),
                "heading": c.heading,
                "field": c.field,
                "lang": c.lang,
                "how": c.how,
            }
            for c in found.header.columns
        ],
        "rows": found.rows,
        "problems": [_plain_finding(say, finding) for finding in found.findings],
        "departments": {key: text.model_dump() for key, text in found.departments.items()},
        "drafts": [draft.model_dump(mode="json", exclude_none=True) for draft in found.drafts],
        "center": str(center.folder),
        "files": list(files),
        "written": written,
    }


def _plain_finding(say: Words, finding: Finding) -> dict[str, Any]:
    return {
        **vars(finding),
        "says": said(say, finding),
        "remedy": say(f"list.{finding.kind}.do", other=finding.other),
        "left_out": finding.kind in LEFT_OUT,
    }


def said(say: Words, finding: Finding) -> str:
    """A finding in words."""
    return say(f"list.{finding.kind}", found=" ".join(finding.found.split()), other=finding.other)


def _list(screen: Screen, found: MetricList) -> None:
    say = screen.say
    sheet = say("import.sheet", name=found.sheet) if found.sheet else ""
    screen.title(say("import.title", file=found.file.name, n=found.rows, drafts=len(found.drafts)), sheet)
    if found.others:
        screen.note(say("import.others", names=", ".join(found.others)))
    columns(screen, found)


def columns(screen: Screen, found: MetricList) -> None:
    """What each column is read as."""
    say, header = screen.say, found.header
    rows = "import.header.two" if header.last > header.first else "import.header"
    screen.heading(f"{say('import.columns')} ({say(rows, first=header.first, last=header.last)})")
    table = screen.table(say("import.column"), say("import.heading"), say("import.field"), "")
    for column in header.columns:
        style = "" if column.how in ("known", "said") else "warn"
        name = column.heading or say("import.no_heading")
        how = Line("" if column.how == "known" else say(f"import.how.{column.how}"), style="note")
        table.add_row(letters(column.number), name, Line(_field(screen, column), style=style), how)
    screen.block(table)


def _field(screen: Screen, column: Column) -> str:
    if column.field == NOTE:
        return screen.say("import.kept")
    if column.field == NUMBER:
        return screen.say("import.ignored")
    name = FIELD_NAMES.get(column.field, column.field)
    return f"{name}.{column.lang}" if column.lang else name


def problems(screen: Screen, findings: Sequence[Finding]) -> None:
    """Findings by row; those that many rows have, in one line each."""
    say = screen.say
    screen.heading(say("import.problems"))
    if not findings:
        screen.block(say("import.no_problems"))
        return
    apart = [finding for finding in findings if finding.kind not in ALIKE]
    if apart:
        titles = say("import.column"), say("import.what"), say("import.do")
        table = screen.table((say("import.row"), "right"), *titles)
        for finding in apart:
            remedy = say(f"list.{finding.kind}.do", other=finding.other)
            style = "bad" if finding.kind in LEFT_OUT else "warn"
            what = Line(said(say, finding), style=style)
            table.add_row(str(finding.row), finding.column, what, Line(remedy, style="note"))
        screen.block(table)
    for kind in ALIKE:
        alike = [finding for finding in findings if finding.kind == kind]
        if alike:
            rows = spans([one.row for one in alike])
            screen.block(say(f"import.alike.{kind}", n=len(alike), rows=rows))
            screen.note("  " + say(f"list.{kind}.do", other=""))


def spans(numbers: Sequence[int]) -> str:
    """Numbers in short: `6 to 9` as 6-9, the rest by commas."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def _outcome(screen: Screen, asked: Asked, center: Center, found: MetricList, *, written: bool) -> None:
    say, tail = screen.say, ".written" if written else ""
    if not found.drafts:
        screen.blank()
        screen.line(say("import.nothing"))
        return
    if found.departments:
        screen.heading(say(f"import.departments{tail}"))
        screen.pairs([(key, text.of(screen.lang)) for key, text in found.departments.items()])
    screen.heading(say(f"import.drafts{tail}", folder=near(str(center.folder))))
    table = screen.table((say("import.row"), "right"), say("metrics.label"), say("import.file"))
    for draft in found.drafts:
        row = str(draft.origin.row) if draft.origin else ""
        table.add_row(row, draft.label.of(screen.lang), draft_file(draft))
    screen.block(table)
    first = found.drafts[0].name
    if written:
        steps = [("metric-pipelines metrics", say("import.listed"))]
        screen.next_steps([*steps, (f"metric-pipelines show {first}", say("import.shown"))])
    else:
        screen.next_steps([(f"{_again(asked)} --write", say("import.write"))])


def _again(asked: Asked) -> str:
    """The same command."""
    words = ["metric-pipelines", "import", "excel", str(asked.file)]
    words += ["--sheet", asked.sheet] if asked.sheet else []
    words += [word for text in asked.maps for word in ("--map", text)]
    words += ["--department", asked.department] if asked.department else []
    words += ["--into", str(asked.into)] if asked.into else []
    return shlex.join(words)
