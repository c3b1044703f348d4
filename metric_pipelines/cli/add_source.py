"""`add-source`: a source's YAML drafted from the system itself, what was guessed, and the file."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from metric_pipelines.cli.opening import refuse_foreign_center
from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.cli.texts import Words
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.draft_files import validate_with
from metric_pipelines.exchange.draft_files import write as write_files
from metric_pipelines.exchange.source_file import source_file, source_yaml
from metric_pipelines.ingest.drafting import Doubt, Given, understood
from metric_pipelines.publication.source_draft import SourceDraft, draft_source
from metric_pipelines.settings import Settings

QUIET = ("isin",)
"""Doubts that many columns have, and that their own line in the YAML shows."""


@dataclass(frozen=True)
class Asked:
    """What was typed."""

    what: str
    name: str | None
    tables: list[str]

    @property
    def names(self) -> list[str]:
        """The tables, however they were separated."""
        return [name.strip() for text in self.tables for name in text.split(",") if name.strip()]


def add_source(screen: Screen, settings: Settings, asked: Asked, *, write: bool, as_json: bool) -> None:
    """Shows the draft of a source, and writes it where that is asked for.

    Raises: UsageError, SourceDataError, SourceUnavailableError, DefinitionError; nothing is written then.
    """
    folder = settings.center_folder
    if write:
        refuse_foreign_center(settings, "metric-pipelines init FOLDER, or METRIC_PIPELINES_CENTER")
    center = settings.load()
    given = understood(asked.what, asked.name, settings.home_folder, Path.cwd())
    if given.name in center.sources or (folder / "sources" / f"{given.name}.yaml").exists():
        found = f"the center has a source system {given.name!r}"
        raise UsageError("--name", found, "a name that is free", "give --name NAME")
    draft = draft_source(
        center,
        settings.home_folder,
        given,
        asked.names,
        date.today(),
        lambda name: given.secrets.get(name) or os.environ.get(name),
    )
    file, text = source_file(draft.source), source_yaml(draft.source, remarks(screen.say, draft))
    validate_with(folder, {file: text})
    if write:
        write_files(folder, {file: text})
    if as_json:
        screen.json(plain(given, draft, str(folder / file), text, written=write))
        return
    _overview(screen, draft)
    _guessed(screen, draft)
    shown = near(str(folder / file))
    screen.heading(screen.say("source.written" if write else "source.file", file=shown))
    if not write:
        screen.write(text)
    _next(screen, asked, given, shown, written=write)


def plain(given: Given, draft: SourceDraft, file: str, text: str, *, written: bool) -> dict[str, Any]:
    """The draft as plain values, for programs."""
    say = Words("en")
    return {
        "source": draft.source.name,
        "connection": draft.source.connection,
        "file": file,
        "tables": {
            name: {
                "table": table.table or name,
                "rows": draft.rows[name],
                "partition_by": table.partition_by,
                "unique": table.checks.unique,
                "columns": {c: column.type for c, column in table.columns.items()},
            }
            for name, table in draft.source.tables.items()
        },
        "doubts": [{**vars(doubt), "says": said(say, doubt)} for doubt in draft.doubts],
        "export": sorted(given.secrets),
        "yaml": text,
        "written": written,
    }


def said(say: Words, doubt: Doubt) -> str:
    """A doubt in words."""
    more = ".others" if doubt.kind == "months" and doubt.details.get("others") else ""
    return say(f"doubt.{doubt.kind}{more}", **doubt.details)


def remarks(say: Words, draft: SourceDraft) -> dict[str, list[str]]:
    """The comments of the file: of all of it, and of each table."""
    found: dict[str, list[str]] = {"": [say("source.remark"), say("source.remark.owners")]}
    for doubt in draft.doubts:
        if doubt.kind in QUIET:
            continue
        here = doubt.table in draft.source.tables
        place = doubt.column if here else doubt.table
        line = f"{place}: {said(say, doubt)}" if place else said(say, doubt)
        found.setdefault(doubt.table if here else "", []).append(line)
    return found


def _overview(screen: Screen, draft: SourceDraft) -> None:
    say, tables = screen.say, draft.source.tables
    key = "source.title.one" if len(tables) == 1 else "source.title"
    screen.title(say(key, what=draft.source.name, n=len(tables)), draft.source.connection)
    listed = screen.table(
        say("source.table"),
        say("source.there"),
        (say("source.rows"), "right"),
        (say("source.columns"), "right"),
        say("source.key"),
        say("source.month"),
    )
    for name, table in tables.items():
        unique = ", ".join(table.checks.unique[0]) if table.checks.unique else ""
        there = f"{table.table or name}, {table.read.sheet}" if table.read.sheet else table.table or name
        counts = f"{draft.rows[name]:,}", f"{len(table.columns):,}"
        listed.add_row(name, there, *counts, unique, table.partition_by or "")
    screen.block(listed)


def _guessed(screen: Screen, draft: SourceDraft) -> None:
    if not draft.doubts:
        return
    screen.heading(screen.say("source.guessed"))
    table = screen.table(screen.say("source.where"), screen.say("source.what"))
    for doubt in draft.doubts:
        where = f"{doubt.table}.{doubt.column}" if doubt.column else doubt.table
        table.add_row(where, said(screen.say, doubt))
    screen.block(table)


def _next(screen: Screen, asked: Asked, given: Given, file: str, *, written: bool) -> None:
    say = screen.say
    steps = [(f"export {variable}=...", say("source.export")) for variable in sorted(given.secrets)]
    if written:
        steps += [(f"$EDITOR {shlex.quote(file)}", say("source.edit"))]
        steps += [("metric-pipelines validate", say("source.validate"))]
        steps += [("metric-pipelines refresh", say("source.refresh"))]
    else:
        steps.append((_again(asked, given), say("source.write")))
    screen.next_steps(steps)


def _again(asked: Asked, given: Given) -> str:
    """The same command with --write, and without a password that was typed."""
    words = ["metric-pipelines", "add-source", given.connection if given.secrets else asked.what]
    words += ["--name", given.name] if asked.name else []
    words += ["--tables", ",".join(asked.names)] if asked.names else []
    return shlex.join([*words, "--write"])
