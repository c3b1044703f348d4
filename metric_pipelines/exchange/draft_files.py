"""Drafts as YAML files of a center, and new departments in its `center.yaml`: all of them, or none.

What is to be written is first laid over a copy of the center and validated there. Files are linked into
place, so that none is ever overwritten; whatever fails, those already placed are taken away again. The
departments go first: a center may have one without metrics, and no metric without its department.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import UsageError

WIDTH = 110
SMALL = 70
"""Characters that still fit between brackets."""
PARTS = ("sources", "models", "metrics", "queries")
_NUMBER_LIKE = re.compile(r"[-+.]?[0-9.]")

COMMENTS = {
    "en": "A draft: not computed yet. `metric-pipelines show {name}` says what is missing.",
    "zh": "草稿：尚未计算。`metric-pipelines show {name}` 会列出所缺内容。",
}


def draft_file(draft: DraftMetric) -> str:
    """Where a draft stands in its center."""
    return f"metrics/{draft.department}/{draft.name}.yaml"


def draft_yaml(draft: DraftMetric, lang: str) -> str:
    """A draft as a person would write it: only what is known, texts of one line in braces."""
    given = draft.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for name in given:
        value = getattr(draft, name)
        if isinstance(value, Text):
            given[name] = languages(value)
    return f"# {COMMENTS[lang].format(name=draft.name)}\n" + plain_yaml(given)


def languages(text: Text) -> dict[str, str]:
    """A text by language, as far as it is written."""
    return {lang: words for lang, words in text.model_dump().items() if words}


def plain_yaml(value: Mapping[str, Any]) -> str:
    """YAML that this project reads back as it is: no anchors, every text that looks like a number quoted."""
    return yaml.dump(
        dict(value),
        Dumper=_Readable,
        allow_unicode=True,
        sort_keys=False,
        width=WIDTH,
    )


class _Readable(yaml.SafeDumper):
    """Small mappings and lists in brackets, texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        small = flow_style or _small([*mapping.keys(), *mapping.values()])
        return super().represent_mapping(tag, mapping, flow_style=small)

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        return super().represent_sequence(tag, sequence, flow_style=flow_style or _small(sequence))


def _small(parts: Any) -> bool:
    texts = [str(part) for part in parts if not isinstance(part, (dict, list))]
    return len(texts) == len(parts) and "\n" not in "".join(texts) and sum(map(len, texts)) <= SMALL


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    if "\n" in value:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    style = "'" if _NUMBER_LIKE.match(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Readable.add_representer(str, _text)


def with_departments(text: str, departments: Mapping[str, Text]) -> str:
    """The text of a `center.yaml` with departments added; all else, comments too, stays as it is."""
    if not departments:
        return text
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    block = next(value for key, value in node.value if key.value == "departments")
    if block.flow_style:
        end = text.rindex("}", 0, block.end_mark.index)
        added = ", ".join(_department(key, label) for key, label in departments.items())
        return text[:end].rstrip() + (", " if block.value else "") + added + text[end:]
    indent = " " * block.value[0][0].start_mark.column
    last = block.value[-1][1].end_mark.index
    # A block's end mark may stand behind comments and blank lines: go back to the end of its last line.
    end = len(text[:last].rstrip())
    lines = "".join(f"\n{indent}{_department(key, label)}" for key, label in departments.items())
    rest = text[end:]
    comment, newline, after = rest.partition("\n")
    return text[:end] + comment + lines + (newline or "\n") + after


def _department(key: str, label: Text) -> str:
    inner = yaml.dump(
        languages(label), Dumper=_Readable, allow_unicode=True, default_flow_style=True, width=10_000
    )
    return f"{key}: {{label: {inner.strip()}}}"


def to_write(
    center: Path, drafts: Sequence[DraftMetric], departments: Mapping[str, Text], lang: str
) -> dict[str, str]:
    """Texts of the files that would be written, by their name below the center's folder.

    Raises: UsageError where a file is there already; InvalidCenterError where the center would not be valid
    with them.
    """
    files = {draft_file(draft): draft_yaml(draft, lang) for draft in drafts}
    with_new_files(center, files)
    if departments:
        text = (center / "center.yaml").read_text(encoding="utf-8")
        files = {"center.yaml": with_departments(text, departments), **files}
    validate_with(center, files)
    return files


def with_new_files(center: Path, files: Mapping[str, str]) -> None:
    """Looks whether all names are free.

    Raises: UsageError where a file is there already.
    """
    there = [name for name in files if (center / name).exists()]
    if there:
        found = f"{len(there)} file(s) are there already"
        raise UsageError(
            str(center / there[0]), found, "names that are free", "move the file, or rename the metric"
        )


def validate_with(center: Path, files: Mapping[str, str]) -> None:
    """Looks at the center as it would be with these files, on a copy.

    Raises: InvalidCenterError with every problem.
    """
    with laid_over(center, files) as copy:
        load_valid_center(copy)


@contextmanager
def laid_over(center: Path | None, files: Mapping[str, str]) -> Iterator[Path]:
    """A copy of the center, of none where it is None, with these files; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="metric_pipelines_") as folder:
        copy = Path(folder).resolve() / (center.name if center else "center")
        copy.mkdir()
        if center is not None:
            shutil.copy(center / "center.yaml", copy)
            for part in PARTS:
                if (center / part).is_dir():
                    shutil.copytree(center / part, copy / part)
        for name, text in files.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text, encoding="utf-8")
        yield copy


def write(center: Path, files: Mapping[str, str]) -> None:
    """Writes the files of `to_write`, all of them or none.

    Raises: UsageError where one has come to be there meanwhile, or the folder cannot be written.
    """
    with _all_or_none() as undo, tempfile.TemporaryDirectory(dir=center, prefix=".import-") as staged:
        for number, text in enumerate(files.values()):
            (Path(staged) / str(number)).write_text(text, encoding="utf-8")
        for number, name in enumerate(files):
            _place(Path(staged) / str(number), center / name, undo)


def _place(staged: Path, target: Path, undo: list[Any]) -> None:
    if target.name == "center.yaml":
        before = target.read_bytes()
        os.replace(staged, target)
        undo.append(lambda: target.write_bytes(before))
        return
    for folder in reversed([parent for parent in target.parents if not parent.exists()]):
        folder.mkdir(exist_ok=True)
        undo.append(folder.rmdir)
    try:
        os.link(staged, target)
    except FileExistsError:
        raise _there(target) from None
    except OSError:  # a file system without links
        target.touch(exist_ok=False)
        undo.append(target.unlink)
        target.write_bytes(staged.read_bytes())
        return
    undo.append(target.unlink)


def _there(target: Path) -> UsageError:
    return UsageError(str(target), "the file has come to be there", "a name that is free", "try again")


@contextmanager
def _all_or_none() -> Iterator[list[Any]]:
    """Takes back what was done, the last first, where the block does not come to its end."""
    undo: list[Any] = []
    try:
        yield undo
    except BaseException as error:
        for step in reversed(undo):
            step()
        if isinstance(error, OSError):
            where = str(error.filename or "")
            raise UsageError(where, f"cannot be written: {error.strerror}", "a folder that can be") from error
        raise
