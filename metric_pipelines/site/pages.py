"""The pages of the site, each with its file, its template and what it shows; and how a page becomes HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from metric_pipelines.site import assets, comparison, overview, people
from metric_pipelines.site.card import card
from metric_pipelines.site.draft_card import draft_page
from metric_pipelines.site.views import Views
from metric_pipelines.site.words import Bilingual, Phrase, attribute, both, contents, say


@dataclass(frozen=True)
class Page:
    """One file. `make` gives the template's values when the page is rendered, not before."""

    path: str
    template: str
    title: Bilingual
    make: Callable[[], dict[str, Any]]
    area: str = ""

    @property
    def root(self) -> str:
        """The way back to the first page's folder."""
        return "../" * self.path.count("/")


def pages(views: Views) -> Iterator[Page]:
    """All pages, the first one first."""
    center = views.center
    yield Page("index.html", "index.html", say("nav.metrics"), partial(overview.index, views), "metrics")
    yield Page(
        "changes.html", "changes.html", say("nav.changes"), partial(overview.changes, views), "changes"
    )
    for metric in center.metrics.values():
        yield Page(
            f"metrics/{metric.name}.html",
            "card.html",
            metric.label,
            partial(card, views, metric),
            "metrics",
        )
    for row in views.drafts:
        yield Page(
            f"metrics/{row.draft.name}.html",
            "draft.html",
            row.draft.label,
            partial(draft_page, views, row.draft),
            "metrics",
        )
    for model in center.models.values():
        yield Page(
            f"models/{model.name}.html",
            "model.html",
            model.label,
            partial(assets.model_page, views, model),
            "sources",
        )
    yield from _sources(views)
    yield from _people(views)
    yield from _quarrels(views)


def _sources(views: Views) -> Iterator[Page]:
    yield Page("sources/index.html", "sources.html", say("nav.sources"), dict, "sources")
    for source in views.center.sources.values():
        yield Page(
            f"sources/{source.name}.html",
            "source.html",
            source.label,
            partial(assets.source_page, views, source),
            "sources",
        )


def _people(views: Views) -> Iterator[Page]:
    heading = say("nav.departments")
    yield Page(
        "departments/index.html",
        "departments.html",
        heading,
        partial(people.departments, views),
        "departments",
    )
    for name, found in views.center.settings.departments.items():
        yield Page(
            f"departments/{name}.html",
            "department.html",
            found.label,
            partial(people.department, views, name),
            "departments",
        )
    yield Page("owners/index.html", "owners.html", say("nav.owners"), partial(people.owners, views), "owners")
    for owner in views.owner_files:
        yield Page(
            views.owner_address(owner),
            "owner.html",
            Phrase(owner, owner),
            partial(people.owned, views, owner),
            "owners",
        )


def _quarrels(views: Views) -> Iterator[Page]:
    values = {"quarrels": views.quarrels}
    yield Page("compare/index.html", "quarrels.html", say("nav.quarrels"), lambda: values, "quarrels")
    for names, words in views.quarrels:
        title = Phrase(words[0], next((w for w in words if not w.isascii()), words[0]))
        yield Page(
            f"compare/{comparison.file_of(names)}.html",
            "comparison.html",
            title,
            partial(comparison.comparison, views, names, words),
            "quarrels",
        )


class _Compiled(BytecodeCache):
    """The templates as Python, compiled once a process: 0.3 s."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def renderer(views: Views) -> Callable[[Page], str]:
    """Renders pages; everything is escaped but what the templates write themselves."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        bytecode_cache=_COMPILED,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lang = views.lang
    environment.globals.update(
        views=views,
        shot=views.shot,
        center=views.center,
        lang=lang,
        say=say,
        both=both,
        t=lambda key, **values: both(say(key, **values)),
        attr=lambda name, text: attribute(name, text, lang),
        plain=lambda text: contents(text, lang),
        comparison_file=comparison.file_of,
    )
    environment.filters["cut"] = cut

    def render(page: Page) -> str:
        template = environment.get_template(page.template)
        return str(template.render(page=page, root=page.root, **page.make()))

    return render


def cut(text: str, width: int) -> str:
    """A text that is at most so wide; a Chinese character takes two places."""
    taken = 0
    for i, letter in enumerate(text):
        taken += 2 if ord(letter) > 0x2E7F else 1
        if taken > width:
            return text[: max(i - 1, 1)] + "…"
    return text
