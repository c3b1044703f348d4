"""The pages of docs/reference and the schemas of docs/schema, made from the code, and the check that they are
up to date.

Run it as `python -m metric_pipelines.cli.reference [--check]`, or as `metric-pipelines docs`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer.core
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from metric_pipelines import errors
from metric_pipelines.cli import app, help_page, schemas
from metric_pipelines.cli.help_texts import HELP
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.yaml_keys import KEYS
from metric_pipelines.dictionary import definitions as d
from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.drafts import DraftMetric, DraftOrigin, DraftOwners
from metric_pipelines.dictionary.saved_queries import SavedQuery
from metric_pipelines.dictionary.source_definitions import (
    Incremental,
    Reading,
    Source,
    SourceColumn,
    SourceTable,
)
from metric_pipelines.dictionary.yaml_types import (
    Column,
    Day,
    Email,
    Expectation,
    Month,
    Name,
    Owners,
    TableRules,
    Text,
)
from metric_pipelines.errors import EnvironmentBrokenError, InternalError
from metric_pipelines.settings import PACKAGE, Settings

FOLDER = PACKAGE.parent / "docs" / "reference"
SCHEMAS = PACKAGE.parent / "docs" / "schema"
MADE = "<!-- Made by `make docs`; not to be edited. -->"

TEXTS = """
Unknown keys are refused. A name is two or more of a-z, 0-9 and single _, starting with a letter; a month is
written `2017-06`, a day `2017-06-30`. A label, description or other text for people may be
`{en: ..., zh: ...}`.
""".strip()

NAMED_TYPES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    Text: "text",
    Name: "name",
    Month: "month",
    Day: "day",
    Email: "mail address",
}

YAML_FILES: dict[str, tuple[type[BaseModel], ...]] = {
    "`center.yaml`": (d.CenterFile, d.PartitionRange, d.Clock, d.Department, d.Retired),
    "`sources/<system>.yaml`": (Source, SourceTable, Incremental, SourceColumn, Reading),
    "`models/<name>.yaml`": (d.Model, d.Entity, d.Dimension),
    "`metrics/<department>/<name>.yaml`, whatever its type": (
        d.MetricCard,
        d.Intended,
        d.MetricChecks,
        d.Freshness,
    ),
    "`metrics/<department>/<name>.yaml`, by type": (
        d.SimpleMetric,
        d.RatioMetric,
        d.DerivedMetric,
        d.DerivedInput,
        d.MetricInput,
        d.NonAdditiveDimension,
        d.CumulativeMetric,
        d.ConversionMetric,
    ),
    "`metrics/<department>/<name>.yaml`, of a draft": (DraftMetric, DraftOwners, DraftOrigin),
    "`alerts/<channel>.yaml`": (Channel,),
    "`queries/<name>.yaml`": (SavedQuery,),
    "In several files": (Owners, Column, TableRules, Expectation),
}


def docs(screen: Screen, *, check: bool) -> int:
    """Writes the pages, or compares them; returns 1 where a page differs.

    Raises: EnvironmentBrokenError where this is no checkout with docs.
    """
    if not FOLDER.parent.is_dir():
        raise EnvironmentBrokenError(str(FOLDER.parent), "no such folder", "a checkout of the project")
    found = {FOLDER / name: text for name, text in pages().items()}
    found |= {SCHEMAS / name: text for name, text in schemas.texts().items()}
    if check:
        differing = [file for file, text in found.items() if not _same(file, text)]
        for file in differing:
            screen.err.print(screen.say("docs.differs", page=file))
        if not differing:
            screen.line(screen.say("docs.same", n=len(found)))
        return 1 if differing else 0
    for file, text in found.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    screen.line(screen.say("docs.written", n=len(found), folder=FOLDER.parent))
    return 0


def pages() -> dict[str, str]:
    """All pages, by file name."""
    made = {
        "README.md": _index(),
        "commands.md": _commands(),
        "settings.md": _settings(),
        "yaml.md": _yaml(),
        "errors.md": _errors(),
    }
    return {name: f"{MADE}\n\n{text.strip()}\n" for name, text in made.items()}


def _same(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def _index() -> str:
    return """# Reference

- [Commands](commands.md): what can be typed, with examples and exit codes
- [Settings](settings.md): environment variables
- [YAML keys](yaml.md): the files of a center
- [Errors](errors.md): what can go wrong, whose it is, and whether trying again helps
"""


def _table(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append([f"`METRIC_PIPELINES_{name.upper()}`", default, field.description or ""])
    return f"# Settings\n\nRead from the environment.\n\n{_table(['variable', 'default', 'meaning'], rows)}"


def _commands() -> str:
    root = app.build("en")
    parts = ["# Commands", HELP[""].short[0], HELP[""].more[0], _exits(), _everywhere(root)]
    for path, command in help_page.commands_of(root):
        if path and not command.hidden:
            parts += list(_command(path, command))
    return "\n\n".join(part for part in parts if part)


def _exits() -> str:
    rows = [["0", "good"], ["1", "the data is bad: something is not published"], ["2", "used wrongly"]]
    rows += [["3", "the environment is broken"], ["130", "Ctrl-C"]]
    return _table(["exit code", "meaning"], rows)


def _everywhere(root: typer.core.TyperGroup) -> str:
    rows = [[f"`{help_page.option_name(p)}`", str(p.help)] for p in _options(root)]
    return f"## Everywhere\n\n{_table(['option', 'meaning'], rows)}"


def _options(command: Any) -> list[Any]:
    return [p for p in command.params if p.param_type_name == "option" and not p.hidden]


def _command(path: str, command: Any) -> Iterator[str]:
    texts = HELP[path]
    yield f"## {path}"
    yield texts.short[0]
    yield texts.more[0]
    rows = [
        [f"`{help_page.argument_name(p)}`", str(p.help)]
        for p in command.params
        if p.param_type_name == "argument"
    ]
    for option in _options(command):
        default = help_page.default_of(option)
        meaning = f"{option.help} Default: `{default}`." if default else str(option.help)
        rows.append([f"`{help_page.option_name(option)}`", meaning])
    if rows:
        yield _table(["argument or option", "meaning"], rows)
    yield "\n".join(f"    {line}    # {what[0]}" for line, what in texts.examples)


def _yaml() -> str:
    parts = ["# YAML keys", TEXTS]
    for title, models in YAML_FILES.items():
        parts.append(f"## {title}")
        for model in models:
            parts += [f"### {model.__name__}", _first_sentences(model), _keys(model)]
    return "\n\n".join(parts)


def _first_sentences(model: type) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def _keys(model: type[BaseModel]) -> str:
    """Keys of a model; its own ones only, where it is one of a kind whose keys are told already.

    Raises: InternalError for a key that `yaml_keys.py` does not explain.
    """
    told = {
        name
        for kind in (d.MetricCard, Column)
        if issubclass(model, kind) and model is not kind
        for name in kind.model_fields
    }
    texts = KEYS[model.__name__]
    own = {f.alias or name: f for name, f in model.model_fields.items() if name not in told}
    names = {f.alias or name: name for name, f in model.model_fields.items()}
    if texts.keys() != own.keys():
        wrong = ", ".join(sorted(texts.keys() ^ own.keys()))
        raise InternalError(f"yaml_keys.py: {model.__name__}", f"explains other keys than there are: {wrong}")
    types = get_type_hints(model, include_extras=True)
    rows = [[f"`{key}`", _type(types[names[key]]), _default(f), texts[key]] for key, f in own.items()]
    return _table(["key", "type", "default", "meaning"], rows)


def _type(annotation: Any) -> str:
    """A type in words: what may be written for a key."""
    if annotation in NAMED_TYPES:
        return NAMED_TYPES[annotation]
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is list:
        return f"list of {_type(parts[0])}"
    if origin is dict:
        return f"by {_type(parts[0])}: {_type(parts[1])}"
    if parts:
        return " or ".join(_type(part) for part in parts if part is not NoneType)
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
    if value in (None, PydanticUndefined, [], {}):
        return ""
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{value}`" if not isinstance(value, bool) else f"`{str(value).lower()}`"


def _errors() -> str:
    classes = [
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if issubclass(c, errors.MetricPipelinesError)
    ]
    ordered = sorted(classes, key=lambda c: inspect.getsourcelines(c)[1])[1:]
    rows = [
        [
            f"`{c.__name__}`",
            _first_sentences(c).replace("\n", " "),
            str(c.exit_code),
            "yes" if c.retry_helps else "no",
        ]
        for c in ordered
    ]
    head = (
        "Each says where it happened, what was found, what was expected and what to do "
        "(`where`, `found`, `expected`, `remedy`)."
    )
    return f"# Errors\n\n{head}\n\n{_table(['error', 'meaning', 'exit code', 'trying again helps'], rows)}"


if __name__ == "__main__":
    sys.exit(app.main(["docs", *sys.argv[1:]]))
