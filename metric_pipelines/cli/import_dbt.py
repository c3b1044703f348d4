"""`import dbt`: what a dbt project becomes here, what is not carried over and why, and the files."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.text import Text as Line

from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Owners
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.dagster_assets import asset_keys
from metric_pipelines.exchange.dbt.notes import NOT_CARRIED
from metric_pipelines.exchange.dbt.reading import label_of, read_dbt
from metric_pipelines.exchange.draft_files import with_new_files
from metric_pipelines.exchange.draft_files import write as write_files
from metric_pipelines.exchange.new_center import make_dbt_center
from metric_pipelines.ingest.drafting import understood
from metric_pipelines.publication.dbt_center import DbtCenter, Wanted, dbt_center
from metric_pipelines.publication.dbt_folder import DEPARTMENT, OWNER, SOURCE
from metric_pipelines.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What was typed."""

    path: Path
    into: Path | None
    connection: str | None = None
    source: str = SOURCE
    department: str = DEPARTMENT
    owner: str = OWNER
    target: str | None = None
    name: str | None = None
    assets: bool = False


def import_dbt(screen: Screen, settings: Settings, asked: Asked, *, as_json: bool) -> None:
    """Shows what a dbt project becomes, and writes it where a folder is given.

    Raises: UsageError, DefinitionError (a manifest that cannot be read), SourceDataError,
    SourceUnavailableError, InvalidCenterError; nothing is written then.
    """
    folder = asked.into.expanduser().resolve() if asked.into else None
    center = load_valid_center(folder) if folder and (folder / "center.yaml").is_file() else None
    if center is not None and asked.department not in center.settings.departments:
        known = center.settings.departments
        raise UsageError.unknown_name("--department", "department", asked.department, known)
    made = _made(screen, settings, asked, center, quiet=as_json)
    if folder is not None:
        _write(folder, center, made, asked, screen.lang)
    if as_json:
        screen.json(plain(made, folder))
        return
    _overview(screen, asked, made)
    _next(screen, asked, made, folder)


def new_center(
    screen: Screen, settings: Settings, folder: Path, name: str | None, list_file: Path | None, path: Path
) -> None:
    """`init --from-dbt`: a new center of a dbt project.

    Raises: as `import_dbt`.
    """
    if list_file is not None:
        raise UsageError("--from-dbt", "together with --from-excel", "one of them")
    if (folder / "center.yaml").exists():
        raise UsageError(str(folder), "a center is there", "a folder that is empty or not there yet")
    import_dbt(screen, settings, Asked(path, folder, name=name), as_json=False)


def _made(
    screen: Screen, settings: Settings, asked: Asked, center: Center | None, *, quiet: bool
) -> DbtCenter:
    project = read_dbt(asked.path.expanduser(), os.environ, target=asked.target)
    home = settings.home_folder
    typed = understood(asked.connection, asked.source, home, Path.cwd()) if asked.connection else None
    connection = typed.connection if typed else project.connection
    if connection is None:
        found = "dbt's profile does not say where the relations stand"
        raise UsageError(str(asked.path), found, "a connection", "--connection URL")
    secrets = typed.secrets if typed else {}
    owners = Owners(business=asked.owner, technical=asked.owner)
    label = asked.name or label_of(asked.path)
    assets = asset_keys(asked.path.expanduser(), os.environ, asked.target) if asked.assets else {}
    wanted = Wanted(asked.source, connection, label, asked.department, owners, date.today(), assets)

    def say(step: str) -> None:
        if not quiet:
            screen.err.print(Line(screen.say(f"dbt.progress.{step}"), style="note"))

    return dbt_center(
        project, wanted, center, home, lambda name: secrets.get(name) or os.environ.get(name), say
    )


def _write(folder: Path, center: Center | None, made: DbtCenter, asked: Asked, lang: str) -> None:
    if center is None:
        make_dbt_center(folder, made.files, asked.name or label_of(asked.path), lang)
        return
    with_new_files(folder, made.files)
    write_files(folder, made.files)


def plain(made: DbtCenter, folder: Path | None) -> dict[str, Any]:
    """What a dbt project becomes as plain values, for programs."""
    return {
        "models": made.models,
        "metrics": made.metrics,
        "notes": [vars(note) for note in made.notes],
        "files": sorted(made.files),
        "center": str(folder) if folder else None,
        "written": folder is not None,
    }


def _overview(screen: Screen, asked: Asked, made: DbtCenter) -> None:
    say = screen.say
    names = {"label": asked.name or label_of(asked.path), "metrics": len(made.metrics)}
    screen.title(say("dbt.title", **names, models=len(made.models)), "")
    refused = [note for note in made.notes if note.kind == NOT_CARRIED]
    screen.heading(say("dbt.not_carried"))
    if refused:
        table = screen.table(say("dbt.metric"), say("dbt.why"))
        for note in refused:
            table.add_row(note.where.removeprefix("metrics."), Line(note.text, style="warn"))
        screen.block(table)
    else:
        screen.block(say("dbt.all_carried"))
    others = [note for note in made.notes if note.kind != NOT_CARRIED]
    if others:
        screen.heading(say("dbt.notes"))
        table = screen.table(say("dbt.where"), "")
        for note in others:
            table.add_row(note.where, Line(note.text, style="note"))
        screen.block(table)


def _next(screen: Screen, asked: Asked, made: DbtCenter, folder: Path | None) -> None:
    say = screen.say
    if folder is None:
        screen.block(say("dbt.files", n=len(made.files)))
        again = ["metric-pipelines", "import", "dbt", str(asked.path)]
        again += (
            ["--connection", asked.connection] if asked.connection and "@" not in asked.connection else []
        )
        again += ["--assets"] if asked.assets else []
        screen.next_steps([(f"{shlex.join(again)} --into FOLDER", say("dbt.write"))])
        return
    screen.block(say("dbt.files.written", n=len(made.files), folder=near(str(folder))))
    go = [] if folder == Path.cwd() else [(f"cd {shlex.quote(str(folder))}", say("init.go"))]
    screen.next_steps([*go, ("metric-pipelines refresh", say("dbt.refresh"))])
