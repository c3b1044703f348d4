"""Definitions that nobody reads for where they stand or how they are called: left out without a word, they
would be missed. Other files, and folders that are called otherwise, may be there for any reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metric_pipelines.dictionary.yaml_file import read_yaml
from metric_pipelines.errors import DefinitionError, Problem, listed
from metric_pipelines.nearest import misspelled

FOLDERS = ("sources", "models", "metrics", "alerts", "queries")
"""The folders of a center that hold definitions."""
READ = (".yaml", ".yml", ".sql")
"""Endings of files in them that are read, or told of where they are read."""
SAID = {"label", "connection", "url"}
"""Keys of which each definition has one; other files that have a name have none."""
WRITTEN = (".yaml", ".yml", ".json", ".txt")
"""Endings of files that may hold a definition."""


def stray_problems(folder: Path) -> Iterator[Problem]:
    """The definitions of the center in `folder` that are not read."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _of_folder(path)
        elif path.name != "center.yaml" and _is_definition(path):
            found, expected = f"{path.name} beside center.yaml, which is not read", f"in {listed(FOLDERS)}"
            yield Problem(f"{path}:1", found, expected, "move it")


def _of_folder(path: Path) -> Iterator[Problem]:
    if path.name in FOLDERS:
        for file in sorted(path.rglob("*")):
            if file.suffix not in READ and _is_definition(file):
                yield Problem(f"{file}:1", f"{file.name} is not read", f"{_stem(file)}.yaml", "rename it")
        return
    meant = misspelled(path.name, FOLDERS)
    if meant is None or _is_called(path, meant):
        return
    if any(map(_is_definition, path.rglob("*"))):
        yield Problem(str(path), f"folder {path.name}, which is not read", f"folder {meant}", "rename it")


def _is_called(path: Path, name: str) -> bool:
    """Whether a folder is found by this name too, where case does not matter."""
    other = path.with_name(name)
    return other.exists() and other.samefile(path)


def _is_definition(path: Path) -> bool:
    """Whether a file says that it is called as it is, and what else only definitions say."""
    if path.suffix.lower() not in WRITTEN or not path.is_file():
        return False
    try:
        value = read_yaml(path).value
    except DefinitionError:
        return False
    return isinstance(value, dict) and value.get("name") == _stem(path) and not SAID.isdisjoint(value)


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]
