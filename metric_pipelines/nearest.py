"""The known name that somebody meant who wrote another: `Revenue`, `revneue`, `average order`,
`placed_orders`, `growth` for `revenue_growth`, `avg` for `average`. What is too far is left: a wrong hint
costs more than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from unicodedata import normalize

LONG = 5
"""From so many words on, all but one of them in common is near enough."""
ALIKE = 0.8
"""The share of words that long names have in common, in order."""
CODE = 3
"""Texts up to so long may be codes, which differ by a letter."""
CLEARLY = 1.5
"""How much longer others must be for the shortest of several names to be meant."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The nearest known name; None where none is near, or several have the words of this one."""
    names = sorted({one for one in known if one})
    if not name.strip() or not names:
        return None
    for find in (_same, _same_words, _mistyped, _part, _shortened):
        found = find(name, names)
        if found is not None:
            return found
    return None


def misspelled(text: str, known: Iterable[str]) -> str | None:
    """The known text that this one is but for case, signs or one slip, where it may well be another: other
    digits are none (`25-34` is not `35-34`), nor is another beginning (`unpaid`), or a letter of a code or of
    one that stands alone (`Region B`).
    """
    alike = sorted(one for one in known if _firm(one) == _firm(text))
    found, plain = _same(text, alike), _plain(text)
    if found is not None or len(plain) <= CODE:
        return found
    return _first(alike, lambda one: _distance(_plain(one), plain) == 1)


def _firm(text: str) -> list[str]:
    """What no slip changes: how it begins, its digits, and letters that stand alone."""
    return [_plain(text)[:1], *re.findall(r"\d|(?<![^\W\d])[^\W\d](?![^\W\d])", text.casefold())]


def _plain(text: str) -> str:
    """A name without case, blanks and separators."""
    return "".join(sign for sign in normalize("NFKC", text).casefold() if sign.isalnum())


def _words(text: str) -> list[str]:
    """The words of a name, in any spelling of them, without the s of a plural."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", normalize("NFKC", text)).casefold()
    return [word if len(word) < 4 else word.removesuffix("s") for word in re.findall(r"[^\W_]+", apart)]


def _same(name: str, names: list[str]) -> str | None:
    return _first(names, lambda one: _plain(one) == _plain(name) != "")


def _same_words(name: str, names: list[str]) -> str | None:
    asked = sorted(_words(name))
    return _first(names, lambda one: sorted(_words(one)) == asked != [])


def _mistyped(name: str, names: list[str]) -> str | None:
    """The name that fewest signs differ from: one of a short name, more of a long one."""
    plain = _plain(name)
    found = [(d, one) for one in names if (d := _distance(plain, _plain(one))) is not None]
    if found:
        return min(found)[1]
    words = _words(name)
    if len(words) < LONG:
        return None
    alike = [(SequenceMatcher(None, words, _words(one)).ratio(), one) for one in names]
    return max(alike)[1] if max(alike)[0] >= ALIKE else None


def _part(name: str, names: list[str]) -> str | None:
    """The one name that has all words of this one, or else the longest whose words this one has."""
    asked = {word for word in _words(name) if len(word) > 2 or not word.isascii()}
    more = [one for one in names if asked and asked < set(_words(one))]
    less = [one for one in names if _words(one) and set(_words(one)) < asked]
    return more[0] if len(more) == 1 else max(less, key=len) if less and not more else None


def _shortened(name: str, names: list[str]) -> str | None:
    """The name that this shortens (`avg`), or the longest that shortens this (`max` of `maximum`)."""
    plain = _plain(name)
    short = sorted((one for one in names if _is_short_for(plain, _plain(one))), key=len)
    if short:
        least = CLEARLY * len(short[0])
        return short[0] if all(one.startswith(short[0]) or len(one) >= least for one in short[1:]) else None
    long = [one for one in names if len(_plain(one)) > 2 and plain.startswith(_plain(one))]
    return max(long, key=len) if long else None


def _is_short_for(short: str, long: str) -> bool:
    """Whether a word has the first letter of another and then some of it, in order: at least half of it, or
    all but its vowels.
    """
    rest = iter(long)
    if not (2 < len(short) < len(long) and short[0] == long[0] and all(sign in rest for sign in short)):
        return False
    return long.startswith(short) or not set(short[1:]) & set("aeiou")


def _first(names: list[str], fits: Callable[[str], bool]) -> str | None:
    return next((one for one in names if fits(one)), None)


def _distance(one: str, other: str) -> int | None:
    """How many signs two names differ by, where that is few: changed, left out, put in, or swapped with the
    next (optimal string alignment).
    """
    from rapidfuzz.distance import OSA  # late: 0.04 s, for who has mistyped something

    most = 0 if len(one) < 3 else 1 if len(one) < 6 else 2 if len(one) < 12 else 3
    distance = OSA.distance(one, other, score_cutoff=most)
    short = most == 1 and one[:1] != other[:1] and sorted(one) != sorted(other)
    return distance if distance <= most and not (short and len(one) == len(other)) else None
