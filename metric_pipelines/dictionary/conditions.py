"""Connections of canonical conditions: in order, each once, without what others imply. `a > 5 and a > 3` is
`a > 5`, `f or f and g` is `f`, `f and g or f and h` is `f and (g or h)`: unknown stays unknown in each.

What is known to imply, or to exclude, another: comparisons of one operand with constants, and connections of
such. Stays out: what stands inside a condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.column_facts import Columns
from metric_pipelines.dictionary.comparisons import limit_of
from metric_pipelines.dictionary.forms import text

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

MOST_PARTS = 40
"""Of more conditions in one connection, none is looked for that another implies, or shares something with:
each would meet each.
"""


def parts_of(tree: Expr, kind: type[Expr]) -> list[Expr]:
    """What a connection of one kind connects."""
    found, left = [], [tree]
    while left:
        inner = left.pop().unnest()
        if isinstance(inner, kind):
            left += [inner.expression, inner.this]
        else:
            found.append(inner)
    return found


def both(columns: Columns, *conditions: Expr | None) -> Expr | None:
    """Canonical conditions that all hold, as one; None where there is none."""
    given = [condition for condition in conditions if condition is not None]
    found = joined(exp.And, given, columns) if given else None
    return None if found == exp.true() else found


def joined(kind: type[Expr], conditions: Iterable[Expr], columns: Columns) -> Expr:
    """Conditions in order, each once; `true` and `false` as far as they decide."""
    decides, says_nothing = (
        (exp.false(), exp.true()) if issubclass(kind, exp.And) else (exp.true(), exp.false())
    )
    each = [part for condition in conditions for part in parts_of(condition, kind)]
    if decides in each:
        return decides
    found = {text(part): part for part in each if part != says_nothing}
    kept = _without_implied(kind, [found[key] for key in sorted(found)], columns)
    shared = _shared(kind, kept, columns) if 1 < len(kept) <= MOST_PARTS else None
    if shared is not None:
        return shared
    if not kept:
        return says_nothing
    if len(kept) == 1 and len(each) > 1 and not is_truth(kept[0]):
        return kind(this=kept[0], expression=says_nothing)  # a number that was made a truth value
    return reduce(lambda left, right: kind(this=left, expression=right), kept)


def never_holds(condition: Expr, columns: Columns) -> bool:
    """Whether no row can meet a canonical condition: two of its parts exclude one another."""
    if isinstance(condition, exp.Or):
        return all(never_holds(part, columns) for part in parts_of(condition, exp.Or))
    parts = parts_of(condition, exp.And)
    pairs = combinations(parts, 2) if len(parts) <= MOST_PARTS else ()
    return condition == exp.false() or any(_exclude(one, other, columns) for one, other in pairs)


def is_implied(part: Expr, others: Iterable[Expr]) -> bool:
    """Whether a part says that something is not empty, which another part could not hold without."""
    if not (isinstance(part, exp.Not) and isinstance(part.this.unnest(), exp.Is)):
        return False
    asked = part.this.unnest()
    return isinstance(asked.expression, exp.Null) and any(_needs(other, asked.this) for other in others)


def is_truth(tree: Expr) -> bool:
    """Whether a part is true or false by itself, and no number."""
    inner = tree.unnest()
    return isinstance(inner, (exp.Boolean, exp.Predicate, exp.Connector, exp.Not, exp.Column))


def _needs(condition: Expr, operand: Expr) -> bool:
    """Whether a condition cannot hold where an operand is empty."""
    match condition:
        case exp.Or():
            return all(_needs(part, operand) for part in parts_of(condition, exp.Or))
        case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE():
            return operand in (condition.this.unnest(), condition.expression.unnest())
        case exp.Like() | exp.Not():
            return bool(condition.this.unnest() == operand)
        case _:
            return condition == operand


def _without_implied(kind: type[Expr], parts: list[Expr], columns: Columns) -> list[Expr]:
    """Without what another part makes needless: of `and` what it implies, of `or` what implies it."""
    kept = list(parts)
    for part in parts if len(parts) <= MOST_PARTS else ():
        others = [other for other in kept if other is not part]
        if any(
            _implies(other, part, columns) if issubclass(kind, exp.And) else _implies(part, other, columns)
            for other in others
        ):
            kept = others
    return kept


def _shared(kind: type[Expr], parts: list[Expr], columns: Columns) -> Expr | None:
    """What most parts have in common, once: `f and g or f and h` as `f and (g or h)`; None where that is
    nothing.
    """
    other: type[Expr] = exp.Or if issubclass(kind, exp.And) else exp.And
    if not any(isinstance(part, other) for part in parts):
        return None
    sets = [{text(part): part for part in parts_of(whole, other)} for whole in parts]
    counts = Counter(key for one in sets if len(one) > 1 for key in one)
    most = max(sorted(counts), key=counts.__getitem__, default="")
    if counts[most] < 2:
        return None
    alike = [one for one in sets if most in one]
    common = [key for key in alike[0] if all(key in one for one in alike)]
    rests = [joined(other, [one[key] for key in one if key not in common], columns) for one in alike]
    once = joined(other, [*(alike[0][key] for key in common), joined(kind, rests, columns)], columns)
    apart = [part for part, one in zip(parts, sets, strict=True) if most not in one]
    return joined(kind, [*apart, once], columns)


def _implies(one: Expr, other: Expr, columns: Columns) -> bool:
    """Whether one condition is never truer than the other, where unknown is truer than false."""
    if one == other:
        return True
    if isinstance(other, exp.And):
        return all(_implies(one, part, columns) for part in parts_of(other, exp.And))
    if isinstance(one, exp.Or):
        return all(_implies(part, other, columns) for part in parts_of(one, exp.Or))
    if isinstance(other, exp.Or) and any(_implies(one, part, columns) for part in parts_of(other, exp.Or)):
        return True
    if isinstance(one, exp.And):
        return any(_implies(part, other, columns) for part in parts_of(one, exp.And))
    this, that = limit_of(one, columns), limit_of(other, columns)
    return this is not None and that is not None and this.is_of(that) and this.says(that)


def _exclude(one: Expr, other: Expr, columns: Columns) -> bool:
    """Whether two conditions cannot both hold."""
    for part, beside in ((one, other), (other, one)):
        if isinstance(part, exp.Or):
            return all(_exclude(alternative, beside, columns) for alternative in parts_of(part, exp.Or))
        if isinstance(part, exp.And):
            return any(_exclude(each, beside, columns) for each in parts_of(part, exp.And))
        if isinstance(part, exp.Not) and part.this.unnest() == beside:
            return True
        if (
            isinstance(part, exp.Is)
            and isinstance(part.expression, exp.Null)
            and _needs(beside, part.this.unnest())
        ):
            return True
    this, that = limit_of(one, columns), limit_of(other, columns)
    return this is not None and that is not None and this.is_of(that) and this.excludes(that)
