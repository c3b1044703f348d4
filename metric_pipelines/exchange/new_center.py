"""A new, working center in a folder: its files from `templates/`, filled in, and an example database.

In a template, `{{key}}` is filled in; of comments that begin with `#en:` or `#zh:` (in SQL, `--en:`) those of
one language stay.
All is made in a folder beside and moved into place when it is whole and valid.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from metric_pipelines.dictionary.months import first_day, month_of, shift
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InternalError, UsageError
from metric_pipelines.exchange.draft_files import to_write, write
from metric_pipelines.exchange.metric_list import MetricList, read_metric_list
from metric_pipelines.exchange.values import slug
from metric_pipelines.exchange.wording import plain

TEMPLATES = "metric_pipelines.exchange"
README = "README.{lang}.md"
EXAMPLE_ROWS = "example.sql"
EXAMPLE = Path("data") / "sources" / "example.sqlite"
RENAMED = {"gitignore": ".gitignore"}
BESIDE = ("workspace.yaml", "dagster.yaml", "gitignore")
"""What every center of its own has for Dagster and git."""
MAY_BE_THERE = {".git"}
TIME_ZONES = {"en": "UTC", "zh": "Asia/Shanghai"}
"""To begin with; the example's days have no hours."""
YEARS_AHEAD = 10


@dataclass(frozen=True)
class NewCenter:
    """What was made: where, what people call it, and the list its drafts are from."""

    folder: Path
    label: str
    metrics: MetricList | None


def make_center(folder: Path, name: str | None, lang: str, today: date, list_file: Path | None) -> NewCenter:
    """Makes a center in a folder that is empty or not there yet, in a language; drafts from a list, if one is
    given.

    Raises: UsageError where the folder is not empty or cannot be written, or the file is no list.
    """
    target = folder.expanduser().resolve()
    _refuse(target)
    label = plain(name or target.name) or "metrics"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as beside:
            made = Path(beside) / target.name
            made.mkdir()
            _fill(made, _values(label, target.name, lang, today), lang)
            found = _with_drafts(made, list_file, lang)
            load_valid_center(made)
            _move(made, target)
    except OSError as error:
        found_ = f"cannot be written: {error.strerror}"
        raise UsageError(str(target), found_, "a folder and disk that can be written") from error
    return NewCenter(target, label, found)


def make_dbt_center(folder: Path, texts: Mapping[str, str], label: str, lang: str) -> Path:
    """Makes a center of files that were carried over from dbt, in a folder that is empty or not there yet.

    Raises: UsageError where the folder is not empty or cannot be written.
    """
    target = folder.expanduser().resolve()
    _refuse(target)
    readme = (files(TEMPLATES) / "templates_dbt" / README.format(lang=lang)).read_text(encoding="utf-8")
    whole = {**texts, "README.md": _filled("README.md", readme, {"title": label}, lang)}
    for name in BESIDE:
        template = (files(TEMPLATES) / "templates" / name).read_text(encoding="utf-8")
        whole[RENAMED.get(name, name)] = _filled(name, template, {"lang": lang}, lang)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as beside:
            made = Path(beside) / target.name
            for name, text in whole.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_text(text, encoding="utf-8")
            _move(made, target)
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
        raise UsageError(str(target), found, "a folder and disk that can be written") from error
    return target


def _refuse(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise UsageError(str(target), "a file", "a folder that is empty or not there yet")
    there = sorted({path.name for path in target.iterdir()} - MAY_BE_THERE) if target.is_dir() else []
    if there:
        found = f"not empty: {', '.join(there[:3])}{' ...' if len(there) > 3 else ''}"
        raise UsageError(str(target), found, "a folder that is empty or not there yet", "name another one")


def _values(label: str, folder: str, lang: str, today: date) -> dict[str, str]:
    """What is filled into templates: the example lies in the three months before this one."""
    months = [shift(month_of(today), -n) for n in (3, 2, 1)]
    year, quoted = int(months[0][:4]), json.dumps(label, ensure_ascii=False)
    return {
        "name": slug(label) or slug(folder) or "metrics",
        "label": f"{{en: {quoted}, zh: {quoted}}}",
        "title": label,
        "lang": lang,
        "time_zone": TIME_ZONES[lang],
        "today": today.isoformat(),
        **{f"month_{n}": month for n, month in enumerate(months, 1)},
        "newest_day": (first_day(month_of(today)) - timedelta(days=1)).isoformat(),
        "first_day": f"{year - 1}-01-01",
        "last_day": f"{year + YEARS_AHEAD}-12-31",
    }


def _fill(folder: Path, values: Mapping[str, str], lang: str) -> None:
    for name, template in _templates(files(TEMPLATES) / "templates"):
        text = _filled(name, template.read_text(encoding="utf-8"), values, lang)
        if name == EXAMPLE_ROWS:
            _database(folder / EXAMPLE, text)
            continue
        target = folder / RENAMED.get(name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for readme in folder.glob(README.format(lang="*")):
        if readme.name == README.format(lang=lang):
            readme.rename(folder / "README.md")
        else:
            readme.unlink()


def _templates(folder: Traversable, above: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for part in sorted(folder.iterdir(), key=lambda one: one.name):
        name = f"{above}{part.name}"
        found += _templates(part, f"{name}/") if part.is_dir() else [(name, part)]
    return found


def _filled(name: str, text: str, values: Mapping[str, str], lang: str) -> str:
    other = "en" if lang == "zh" else "zh"
    kept = [line for line in text.split("\n") if not line.startswith((f"#{other}:", f"--{other}:"))]
    mine = "\n".join(re.sub(rf"^(#|--){lang}:", r"\1", line) for line in kept)
    unknown = set(re.findall(r"\{\{(\w+)\}\}", mine)) - set(values)
    if unknown:
        raise InternalError(f"templates/{name}", f"nothing is known for {', '.join(sorted(unknown))}")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], mine)


def _database(file: Path, script: str) -> None:
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


def _with_drafts(folder: Path, list_file: Path | None, lang: str) -> MetricList | None:
    if list_file is None:
        return None
    found = read_metric_list(list_file, load_valid_center(folder))
    write(folder, to_write(folder, found.drafts, found.departments, lang))
    return found


def _move(made: Path, target: Path) -> None:
    if not target.exists():
        os.replace(made, target)
        return
    moved: list[Path] = []  # somebody may stand in the folder: it stays, and what is in it comes
    try:
        for part in sorted(made.iterdir()):
            os.replace(part, target / part.name)
            moved.append(target / part.name)
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
