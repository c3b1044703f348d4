"""The little Jinja that stands in YAML of a dbt project: `env_var`, `var`, `target`, `ref` and `source`.

Nothing is evaluated: an expression is taken apart as a syntax tree, and what is not one of these is named
and refused. Filters of metrics are MetricFlow's templates and stay as they are written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from metric_pipelines.errors import DefinitionError

EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
BLOCK = re.compile(r"\{[%#]")
KEPT = {"description", "filter", "where", "tests", "data_tests", "pre_hook", "post_hook", "unit_tests"}
"""Keys below which dbt renders later or never."""
FILTERS: dict[str, Callable[[Any], Any]] = {
    "as_text": lambda value: value,
    "as_native": lambda value: value,
    "as_bool": lambda value: str(value).lower() == "true",
    "as_number": lambda value: float(value) if "." in str(value) else int(value),
    "int": int,
}
EXPECTED = "env_var('NAME'), var('name'), target.name, ref('model') or source('source', 'table')"


@dataclass(frozen=True)
class Call:
    """A call with constants: `ref('orders', v=2)`; `kind` is what a filter behind it makes of the text."""

    name: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "as_text"


@dataclass(frozen=True)
class JinjaValues:
    """What expressions stand for: environment, the project's `vars`, and the target of the profile."""

    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    target: Mapping[str, Any] = field(default_factory=dict)


def call_in(text: str) -> Call | None:
    """The one call that a text is, with or without braces; None where it is anything else."""
    inside = EXPRESSION.fullmatch(text.strip())
    try:
        node = ast.parse((inside.group(1) if inside else text).strip(), mode="eval").body
        return _filtered(node)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _filtered(node: ast.expr) -> Call | None:
    """`env_var('PORT') | int` is read as a Python expression, whose `|` is Jinja's filter."""
    if not isinstance(node, ast.BinOp):
        return _call(node)
    call = _call(node.left) if isinstance(node.op, ast.BitOr) else None
    known = isinstance(node.right, ast.Name) and node.right.id in FILTERS
    return replace(call, kind=ast.unparse(node.right)) if call and known else None


def _call(node: ast.expr) -> Call | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    arguments = tuple(ast.literal_eval(argument) for argument in node.args)
    keywords = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
    return Call(node.func.id, arguments, keywords)


def rendered(value: Any, values: JinjaValues, where: str) -> Any:
    """The value with the expressions in its texts replaced, below all keys that dbt renders.

    Raises: DefinitionError that names an expression which is none of ours, or a variable without a value.
    """
    if isinstance(value, dict):
        return {k: v if k in KEPT else rendered(v, values, where) for k, v in value.items()}
    if isinstance(value, list):
        return [rendered(item, values, where) for item in value]
    return _rendered_text(value, values, where) if isinstance(value, str) else value


def _rendered_text(text: str, values: JinjaValues, where: str) -> Any:
    if BLOCK.search(text):
        raise _refused(text, where)
    whole, call = EXPRESSION.fullmatch(text.strip()), call_in(text)
    if call and call.name in ("ref", "source"):
        return text
    if whole and "{{" not in whole.group(1):
        return _meaning(whole.group(1), values, where)
    return EXPRESSION.sub(lambda match: str(_meaning(match.group(1), values, where)), text)


def _meaning(expression: str, values: JinjaValues, where: str) -> Any:
    call = call_in(expression)
    if call and call.name == "env_var" and call.arguments:
        return _known(call, values.environment, "environment variable", where)
    if call and call.name == "var" and call.arguments:
        return _known(call, values.variables, "variable", where)
    kind, _, name = expression.strip().partition(".")
    if kind == "target" and name in values.target:
        return values.target[name]
    raise _refused("{{" + expression + "}}", where)


def _known(call: Call, values: Mapping[str, Any], kind: str, where: str) -> Any:
    name, *default = call.arguments
    if name in values or default:
        return FILTERS[call.kind](values.get(name, *default))
    raise DefinitionError(where, f"{kind} {name!r} has no value", "a value or a default", f"set {name}")


def _refused(text: str, where: str) -> DefinitionError:
    shown = " ".join(text.split())[:120]
    remedy = "let dbt write it out: dbt parse, then name target/semantic_manifest.json"
    return DefinitionError(where, f"Jinja that only dbt can render: {shown}", EXPECTED, remedy)
