"""`init`: a new, working center; says what to type next."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path

from metric_pipelines.cli.import_excel import columns, problems
from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.exchange.new_center import make_center


def init(screen: Screen, folder: Path, name: str | None, list_file: Path | None) -> None:
    """Makes a center in a folder, in the language that is spoken; of a list, tells how it was read and what
    is wrong with it, since its rows are in the dictionary from now on, and known to `import excel`.

    Raises: UsageError where the folder is not empty, or the file is no list.
    """
    say = screen.say
    made = make_center(folder, name, screen.lang, date.today(), list_file)
    screen.title(say("init.title", label=made.label), say("init.in", folder=near(str(made.folder))))
    found = made.metrics
    if found is not None:
        screen.block(say("init.drafts", n=len(found.drafts), file=found.file.name))
        columns(screen, found)
        problems(screen, found.findings)
    go = [] if made.folder == Path.cwd() else [(f"cd {shlex.quote(str(folder))}", say("init.go"))]
    steps = [
        *go,
        ("metric-pipelines refresh", say("init.refresh")),
        ("metric-pipelines scorecard", say("init.scorecard")),
        ("metric-pipelines up", say("init.up")),
        ("cat README.md", say("init.readme")),
    ]
    screen.next_steps(steps)
