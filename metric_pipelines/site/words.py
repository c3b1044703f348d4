"""What the pages say in English and Chinese, and how both get into one page.

Both languages stand in every page; the style sheet shows one of them. What the package's errors and reasons
say is English and shown as it is; what stands in the dictionary comes from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup, escape

from metric_pipelines.figures import month_spans
from metric_pipelines.site.texts import TEXTS

LANGS = ("en", "zh")


class Bilingual(Protocol):
    """A text in both languages, such as the dictionary's `Text`."""

    def of(self, lang: str) -> str:
        """The text in a language."""


@dataclass(frozen=True)
class Phrase:
    """A text in both languages."""

    en: str
    zh: str

    def of(self, lang: str) -> str:
        """The text in a language."""
        return self.zh if lang == "zh" else self.en


def spans(months: Iterable[str]) -> Phrase:
    """Months in short: `2017-03 to 2017-05, 2017-08`; empty for the whole."""
    found = list(months)
    return phrase(lambda lang: month_spans(lang, found))


def phrase(make: Callable[[str], str]) -> Phrase:
    """What is made for each language."""
    return Phrase(make("en"), make("zh"))


def say(key: str, **values: object) -> Phrase:
    """The text of a key, filled in; values may be bilingual themselves."""
    english, chinese = TEXTS[key]
    return Phrase(english.format(**_in("en", values)), chinese.format(**_in("zh", values)))


def _in(lang: str, values: dict[str, object]) -> dict[str, object]:
    return {name: v.of(lang) if hasattr(v, "of") else v for name, v in values.items()}


def joined(parts: Sequence[Bilingual]) -> Phrase:
    """Phrases in a row."""
    return Phrase(", ".join(p.of("en") for p in parts), "、".join(p.of("zh") for p in parts))


def both(text: Bilingual | str | None) -> Markup:
    """Both languages as HTML, escaped; once where they are the same."""
    if text is None:
        return Markup("")
    if isinstance(text, str):
        return escape(text)
    english, chinese = text.of("en"), text.of("zh")
    if english == chinese:
        return escape(english)
    return Markup("<span lang=en>{}</span><span lang=zh>{}</span>").format(english, chinese)


def attribute(name: str, text: Bilingual | str, lang: str) -> Markup:
    """An attribute that the script keeps in the language of the page."""
    found = Phrase(text, text) if isinstance(text, str) else text
    return Markup('{}="{}" data-i18n="{}" data-en="{}" data-zh="{}"').format(
        name, found.of(lang), name, found.of("en"), found.of("zh")
    )


def contents(text: Bilingual, lang: str) -> Markup:
    """Attributes and contents of an element that holds plain text alone (`<title>`, `<option>`)."""
    pattern = ' data-i18n="text" data-en="{}" data-zh="{}">{}'
    return Markup(pattern).format(text.of("en"), text.of("zh"), text.of(lang))
