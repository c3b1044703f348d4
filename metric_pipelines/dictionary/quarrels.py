"""Definitions that quarrel: one word for two computations, two names for one, names that were retired.

What is meant so is marked: `intended: [{with: <metric>, reason: ...}]` in either metric of a pair. A mark
that nothing calls for is a problem too, or it would hide the next quarrel. Stays out: what a computation is
(`computations.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.computations import Computation, Computations
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.names import Defined, Place, as_said, words_of
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import Problem, did_you_mean, listed

Pair = tuple[str, str]
"""Names of two metrics, in order."""

Words = dict[str, tuple[Place, Place]]
"""Words that two metrics are called by, with where they stand in both files."""


def quarrel_problems(center: Center, sound: Collection[str]) -> Iterator[Problem]:
    """What quarrels among the metrics that are valid with all below them, and marks that mark nothing."""
    alike, shared = _found(center, sound)
    marked = _marked(center)
    told = _without_retired(center, shared)
    for pair, others in _by_second(told.keys() - marked):
        yield _one_word(center, pair, told[pair], others)
    for pair, others in _by_second(alike - marked):
        yield _two_names(center, pair, others)
    yield from _marks(center, sound, alike | shared.keys())


def unmarked(center: Center, sound: Collection[str]) -> list[Pair]:
    """The pairs of such metrics that quarrel, and are not marked."""
    alike, shared = _found(center, sound)
    return sorted((alike | shared.keys()) - _marked(center))


def reasons(center: Center, names: Sequence[str]) -> list[Text]:
    """Why some metrics are meant to quarrel with one another."""
    among = [(name, mark) for name in names for mark in center.metrics[name].intended]
    return [mark.reason for name, mark in among if mark.with_ in names and mark.with_ != name]


def retired_problems(center: Center) -> Iterator[Problem]:
    """Names that were retired and are used again, and entries of `retired` that say nothing."""
    defined = [*center.metrics.values(), *center.drafts.values()]
    seen: set[str] = set()
    for i, entry in enumerate(center.settings.retired):
        where = center.where("center", "retired", i)
        if as_said(entry.name) in seen:
            yield Problem(where, f"{entry.name!r} is retired twice", "each name once")
            continue
        seen.add(as_said(entry.name))
        if entry.replaced_by is not None and entry.replaced_by not in center.metrics:
            near = did_you_mean(entry.replaced_by, center.metrics)
            found = f"unknown metric {entry.replaced_by!r}"
            yield Problem(
                center.where("center", "retired", i, "replaced_by"),
                found,
                f"one of {listed(center.metrics)}",
                near,
            )
        for metric in defined:
            yield from _reused(center, metric, i)


def _reused(center: Center, metric: Defined, i: int) -> Iterator[Problem]:
    """Uses of a retired name by a metric; the one that replaces it may keep it as a synonym, to be found."""
    entry = center.settings.retired[i]
    for word, place in words_of(metric):
        kept = place[0] == "synonyms" and metric.name == entry.replaced_by
        if as_said(word) == as_said(entry.name) and not kept:
            what = str(place[0]).removesuffix("s")
            found = f"{what} {word!r}, which was retired on {entry.on}: {entry.reason.of('en')}"
            instead = f"use {entry.replaced_by}, or " if entry.replaced_by else ""
            remedy = f"{instead}choose another; {center.where('center', 'retired', i)} retires it"
            where = center.where(f"metrics/{metric.name}", *place)
            yield Problem(where, found, "a name never used before", remedy)
            return


def _found(center: Center, sound: Collection[str]) -> tuple[set[Pair], dict[Pair, Words]]:
    """The pairs of one computation, and those of one word and two computations."""
    known = Computations(center)
    computed = {name: known.of(name) for name in sorted(sound)}
    alike = {pair for names in _by_computation(computed).values() for pair in combinations(names, 2)}
    return alike, {pair: words for pair, words in _shared(center, computed).items() if pair not in alike}


def _without_retired(center: Center, shared: dict[Pair, Words]) -> dict[Pair, Words]:
    """The pairs of one word, less the words that no metric may have: their use is told by itself."""
    retired = {as_said(entry.name) for entry in center.settings.retired}
    left = {
        pair: {w: at for w, at in words.items() if as_said(w) not in retired}
        for pair, words in shared.items()
    }
    return {pair: words for pair, words in left.items() if words}


def _marked(center: Center) -> set[Pair]:
    return {_pair(name, mark.with_) for name, metric in center.metrics.items() for mark in metric.intended}


def _by_computation(computed: dict[str, Computation]) -> dict[Computation, list[str]]:
    found: dict[Computation, list[str]] = {}
    for name, computation in computed.items():
        found.setdefault(computation, []).append(name)
    return found


def _shared(center: Center, names: Collection[str]) -> dict[Pair, Words]:
    """Words that two metrics are called by, with where they stand in both files. Two equal codes are reported
    as such.
    """
    by_word: dict[str, dict[str, tuple[str, Place]]] = {}
    for name in names:
        for word, place in words_of(center.metrics[name]):
            by_word.setdefault(as_said(word), {}).setdefault(name, (word, place))
    found: dict[Pair, Words] = {}
    for users in by_word.values():
        for first, second in combinations(users, 2):
            word, place = users[second]
            places = users[first][1], place
            if places != (("code",), ("code",)):
                found.setdefault((first, second), {})[word] = places
    return found


def _by_second(pairs: Collection[Pair]) -> Iterator[tuple[Pair, list[str]]]:
    """One pair for each second metric, with the others that it quarrels with in the same way."""
    found: dict[str, list[str]] = {}
    for first, second in sorted(pairs):
        found.setdefault(second, []).append(first)
    for second, firsts in sorted(found.items()):
        yield (firsts[0], second), firsts[1:]


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _one_word(center: Center, pair: Pair, words: Words, others: list[str]) -> Problem:
    first, second = pair
    called = ", ".join(repr(word) for word in words)
    computed = ", ".join(f"{name} is {formula(center, center.metrics[name])}" for name in pair)
    there, here = next(iter(words.values()))
    return Problem(
        center.where(f"metrics/{second}", *here),
        f"{second} is called {called} as {first} is ({center.where(f'metrics/{first}', *there)}), "
        f"and computed otherwise: {computed}{_too('shares words with', others)}",
        "words of its own, or the same computation",
        f"rename one of them, or say why both are called so: {_mark(first)}",
    )


def _two_names(center: Center, pair: Pair, others: list[str]) -> Problem:
    first, second = pair
    one, other = (center.metrics[name] for name in pair)
    by_grain = f", by {other.grain} and by {one.grain}: one metric can be asked by both"
    return Problem(
        center.where(f"metrics/{second}", "type"),
        f"{second} is computed as {first} is ({center.where(f'metrics/{first}', 'type')}): "
        f"{formula(center, other)}{by_grain if one.grain != other.grain else ''}"
        f"{_too('is computed as', others)}",
        "one metric for one computation",
        f"delete one and call the other by both names, or say why both are needed: {_mark(first)}",
    )


def _too(what: str, others: list[str]) -> str:
    return f"; it {what} {listed(others)} too" if others else ""


def _mark(other: str) -> str:
    return f"intended: [{{with: {other}, reason: ...}}]"


def _marks(center: Center, sound: Collection[str], quarrelling: Collection[Pair]) -> Iterator[Problem]:
    """Marks that name no other metric, or a pair that does not quarrel."""
    for name, metric in center.metrics.items():
        for i, mark in enumerate(metric.intended):
            where, other = center.where(f"metrics/{name}", "intended", i), mark.with_
            if other in center.drafts:
                found = f"intended with {other!r}, a draft"
                yield Problem(
                    where, found, "a metric that is computed", "delete the mark: a draft has no computation"
                )
            elif other not in center.metrics:
                near = did_you_mean(other, center.metrics)
                yield Problem(where, f"unknown metric {other!r}", f"one of {listed(center.metrics)}", near)
            elif other in [earlier.with_ for earlier in metric.intended[:i]]:
                yield Problem(where, f"{other!r} is marked twice", "one mark and one reason")
            elif other == name or ({name, other} <= set(sound) and _pair(name, other) not in quarrelling):
                found = f"{name} and {other} share no word and no computation: nothing to be intended"
                found = f"{name} marked with itself" if other == name else found
                yield Problem(where, found, "marks of pairs that quarrel", "delete the mark")
