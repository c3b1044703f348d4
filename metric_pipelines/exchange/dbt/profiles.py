"""dbt's `profiles.yml`: where the relations of a project stand, without copying a secret."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.jinja import EXPRESSION, call_in
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.yaml_documents import YamlDocument, read_documents

PASSWORD = "DBT_PASSWORD"
SECRET = "DBT_ENV_SECRET"
RELATIVE = "relative_path"
"""The kind of a note: the DuckDB file is another one in each copy of the project."""
PLACEHOLDER = re.compile(r"(\$\{[^}]*\})")


@dataclass(frozen=True)
class Target:
    """One output of a profile. `schema` and `database` are None where only the environment of dbt knows them;
    `connection` is None where no URL of ours can be drafted. `values` are what `{{ target.x }}` stands for.
    """

    name: str = ""
    adapter: str = ""
    schema: str | None = None
    database: str | None = None
    connection: str | None = None
    notes: tuple[Note, ...] = ()

    def values(self) -> dict[str, Any]:
        """What `{{ target.name }}` and its like stand for."""
        known = {"name": self.name, "type": self.adapter, "schema": self.schema, "database": self.database}
        return {key: value for key, value in known.items() if value}


def read_target(
    profile: str, project: Path, environment: Mapping[str, str], target: str | None = None
) -> Target:
    """The target of a project's profile; an empty one with a note where there is none.

    Looked for as dbt does: DBT_PROFILES_DIR, the project's folder, `.dbt` in HOME. `target` is the output's
    name, else DBT_TARGET of the environment, else what the profile names.
    """
    files = [folder / "profiles.yml" for folder in _folders(project, environment)]
    for document in [document for file in files if file.is_file() for document in read_documents(file)[:1]]:
        if isinstance(document.value, dict) and isinstance(document.value.get(profile), dict):
            return _target(document, profile, project, environment, target)
    return _unknown(str(project), f"no profile {profile!r} in a profiles.yml")


def _unknown(where: str, why: str) -> Target:
    text = f"{why}: schema, database and connection are not known"
    return Target(notes=(Note("connection", where, text),))


def _folders(project: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    if folder := environment.get("DBT_PROFILES_DIR"):
        yield Path(folder)
    yield project
    if home := environment.get("HOME"):
        yield Path(home) / ".dbt"


def _target(
    document: YamlDocument, profile: str, project: Path, environment: Mapping[str, str], wanted: str | None
) -> Target:
    written, where = document.value[profile], document.where((profile,))
    named = wanted or environment.get("DBT_TARGET") or _plain(written.get("target"), environment) or "default"
    outputs = written.get("outputs")
    output = outputs.get(named) if isinstance(outputs, dict) else None
    if not isinstance(output, dict) and wanted:
        known = outputs if isinstance(outputs, dict) else ()
        raise UsageError.unknown_name(
            where, f"target of profile {profile}", wanted, [str(name) for name in known]
        )
    if not isinstance(output, dict):
        return _unknown(where, f"profile {profile} has no target {named!r}")
    where = document.where((profile, "outputs", named))
    return _drafted(named, output, where, project, environment)


def _drafted(
    name: str, output: Mapping[str, Any], where: str, project: Path, environment: Mapping[str, str]
) -> Target:
    adapter = str(output.get("type"))
    schema, database = _plain(output.get("schema"), environment), _database(output, environment)
    if adapter == "duckdb":
        url, notes = _duckdb(output, where, project)
        return Target(name, adapter, schema or "main", database, url, tuple(notes))
    if adapter == "postgres":
        url, notes = _postgres(output, where)
        return Target(name, adapter, schema, database, url, tuple(notes))
    text = f"no connection is drafted for the adapter {adapter!r}: write it yourself"
    return Target(name, adapter, schema, database, None, (Note("connection", where, text),))


def _database(output: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    for key in ("database", "dbname", "catalog", "project"):
        if output.get(key):
            return _plain(output[key], environment)
    path = _plain(output.get("path", ":memory:"), environment) if output.get("type") == "duckdb" else None
    if path is None:
        return None
    return "memory" if path == ":memory:" else Path(path.split("?")[0].removeprefix("md:")).stem


def _duckdb(output: Mapping[str, Any], where: str, project: Path) -> tuple[str | None, list[Note]]:
    path = _referred(output.get("path", ":memory:"))
    if path is None or path == ":memory:" or path.startswith(("md:", "motherduck:")):
        text = "the DuckDB of this profile is no file: no connection is drafted"
        return None, [Note("connection", where, text)]
    notes = (
        [Note("connection", where, "attached databases are not carried over")] if output.get("attach") else []
    )
    if path.startswith("${"):
        return f"duckdb:///{path}", notes
    if not Path(path).expanduser().is_absolute():
        notes.append(Note(RELATIVE, where, f"path {path} is relative: a copy of the project has its own"))
    return f"duckdb:///{os.path.normpath(project.resolve() / Path(path).expanduser())}", notes


def _postgres(output: Mapping[str, Any], where: str) -> tuple[str | None, list[Note]]:
    parts = {key: _referred(output.get(key)) for key in ("user", "host", "port", "sslmode")}
    database = _referred(output.get("dbname", output.get("database")))
    if parts["host"] is None or database is None:
        return None, [Note("connection", where, "host or database cannot be read: no connection is drafted")]
    password, notes = _password(output.get("password", output.get("pass")), where)
    login = f"{_quoted(parts['user'])}{password}@" if parts["user"] else ""
    port = f":{parts['port']}" if parts["port"] else ""
    query = f"?sslmode={_quoted(parts['sslmode'])}" if parts["sslmode"] else ""
    return f"postgresql://{login}{parts['host']}{port}/{_quoted(database)}{query}", notes


def _password(written: Any, where: str) -> tuple[str, list[Note]]:
    """The variable that holds it; what is written in clear text, and a default, are left behind."""
    if written is None or written == "":
        return "", []
    call = call_in(str(written))
    if call and call.name == "env_var" and call.arguments:
        left = (
            [Note("secret", where, "the default of the password is not copied")] if call.arguments[1:] else []
        )
        return f":${{{call.arguments[0]}}}", left
    text = f"the password is not copied: set {PASSWORD} where the refresh runs"
    return f":${{{PASSWORD}}}", [Note("secret", where, text)]


def _referred(written: Any) -> str | None:
    """The text with `env_var('X', 'd')` as `${X:-d}`; None where something else is to be rendered."""
    return _rendered(written, lambda arguments: _variable(*map(str, arguments[:2])))


def _variable(name: str, default: str | None = None) -> str:
    return f"${{{name}}}" if default is None else f"${{{name}:-{default}}}"


def _quoted(text: str | None) -> str:
    """Written as a URL wants it, variables left as they are."""
    return "".join(
        p if PLACEHOLDER.fullmatch(p) else quote(p, safe="") for p in PLACEHOLDER.split(text or "")
    )


def _plain(written: Any, environment: Mapping[str, str]) -> str | None:
    """The text with variables of the environment filled in; None where one is not set, or is a secret."""
    return _rendered(written, lambda arguments: _value(arguments, environment))


def _rendered(written: Any, variable: Callable[[tuple[Any, ...]], str | None]) -> str | None:
    """The text with each `env_var(...)` replaced; None where one has no value, or something else stands."""
    if written is None:
        return None
    parts: list[str] = []
    for index, text in enumerate(EXPRESSION.split(str(written))):
        call = call_in(text) if index % 2 else None
        if index % 2 and not (call and call.name == "env_var" and call.arguments):
            return None
        value = variable(call.arguments) if call else text
        if value is None:
            return None
        parts.append(value)
    return "".join(parts)


def _value(arguments: tuple[Any, ...], environment: Mapping[str, str]) -> str | None:
    name, default = str(arguments[0]), str(arguments[1]) if len(arguments) > 1 else None
    return default if name.startswith(SECRET) else environment.get(name, default)
