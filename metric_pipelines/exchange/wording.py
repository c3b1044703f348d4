"""Words of a list, made comparable: full-width characters, blanks, case, brackets, and which language.

Two forms: `plain` for what is kept (names, codes, addresses), `folded` for what is compared. Prose keeps its
Chinese punctuation; only full-width letters, digits and blanks are narrowed in it.
"""

from __future__ import annotations

import re
import unicodedata

_WIDE = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_WIDE |= {0x3000: 0x20, 0xA0: 0x20, 0xFF05: 0x25}
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_NOT_WORD = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """A short text on one line: NFKC (full-width characters become plain ones), blanks single."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def prose(text: str) -> str:
    """A text of several sentences: only full-width letters, digits, percent signs and blanks change."""
    lines = (" ".join(line.split()) for line in text.translate(_WIDE).split("\n"))
    return "\n".join(line for line in lines if line)


def folded(text: str) -> str:
    """A text as it is compared: NFKC, lower case, letters and digits alone."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return _CHINESE.search(text) is not None


def language_of(text: str) -> str:
    """`zh` or `en`."""
    return "zh" if is_chinese(text) else "en"
