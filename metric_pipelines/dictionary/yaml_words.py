"""What is wrong with YAML that does not parse, in our words: libyaml's own say where it stopped reading, and
not what the writer did.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from metric_pipelines.errors import DefinitionError


@dataclass(frozen=True)
class _Words:
    """What is said where libyaml's problem and context hold two texts; `begun` points to where the part began
    that went wrong, instead of where it was noticed.
    """

    problem: str
    context: str
    found: str
    expected: str
    remedy: str
    begun: bool = False


_SAID = (
    _Words(
        "could not find expected ':'", "", "a line without a key and its value", "key: value",
        "put a colon and a blank after the key, or indent a text that goes on", begun=True,
    ),
    _Words(
        "mapping values are not allowed", "", "a ': ' where none can be", "one key: value a line",
        "quote a text that has ': ' in it; indent keys as their neighbours are; see the line above",
    ),
    _Words(
        "expected ',' or ']'", "", "a [ that is not closed", "[one, other]", "close it with ]", begun=True,
    ),
    _Words(
        "expected ',' or '}'", "", "a { that is not closed", "{key: value}",
        "close it with }, or quote a text that begins with {", begun=True,
    ),
    _Words(
        "unexpected end of stream", "quoted scalar", "a quote that is not closed", "a text in quotes",
        "close the quote", begun=True,
    ),
    _Words(
        "hexdecimal number", "", "a backslash in double quotes", r"\\ for each \ there",
        "use single quotes, where a backslash is itself",
    ),
    _Words(
        "unknown escape", "", "a backslash in double quotes", r"\\ for each \ there",
        "use single quotes, where a backslash is itself",
    ),
    _Words(
        "expected '-' indicator", "", "a key among the points of a list", "- for each point",
        "indent it below its point, or begin it with -",
    ),
    _Words(
        "did not find expected key", "", "what fits into no key: value", "keys in one column",
        "indent it as its neighbours are; close quotes; quote a text that holds quotes or begins with {",
    ),
    _Words(
        "another document", "", "a second document", "one document a file", "take the line --- out",
    ),
)  # fmt: skip


def not_yaml(path: Path, text: str, error: yaml.MarkedYAMLError) -> DefinitionError:
    """The error for a text that libyaml could not parse."""
    problem, context = str(error.problem), str(error.context or "")
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    if "cannot start any token" in problem and mark is not None:
        return _of_sign(f"{path}:{line}", text, mark)
    for words in _SAID:
        if words.problem in problem and words.context in context:
            began = error.context_mark if words.begun else None
            where = f"{path}:{began.line + 1 if began else line}"
            return DefinitionError(where, f"not YAML: {words.found}", words.expected, words.remedy)
    return DefinitionError(
        f"{path}:{line}", f"not YAML: {problem}", "key: value, lists and texts", "see the line above too"
    )


def _of_sign(where: str, text: str, mark: yaml.Mark) -> DefinitionError:
    """A sign that nothing can begin with: a tab, or one that YAML keeps for itself."""
    lines = text.splitlines()
    sign = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
    if sign == "\t":
        return DefinitionError(where, "not YAML: a tab", "blanks to indent with", "replace the tab by blanks")
    return DefinitionError(
        where, f"not YAML: a value that begins with {sign}", "a text in quotes", "quote it"
    )
