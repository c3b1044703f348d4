"""`site`: builds the dictionary's pages and says where they are."""

from __future__ import annotations

import webbrowser

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from metric_pipelines.cli import figures
from metric_pipelines.cli.opening import has_lake, workshop
from metric_pipelines.cli.screen import Screen
from metric_pipelines.ledger.ledger import now
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.settings import Settings
from metric_pipelines.site.writing import NOT_BUILT, Site, assets_address, build_site


def site(screen: Screen, settings: Settings, *, and_open: bool) -> None:
    """Builds the site with a bar, and prints its path; `and_open`: in the browser of this machine, too.

    Raises: DefinitionError with every problem; EnvironmentBrokenError where the folder cannot be written.
    """
    shop = workshop(settings)
    built = _build(screen, settings, shop)
    shop.ledger.note(NOT_BUILT, "")
    say, took = screen.say, figures.seconds(built.seconds)
    size = f"{built.size / 1e6:.1f} MB"
    screen.line(say("site.built", pages=built.pages, size=size, seconds=took), style="good")
    if not has_lake(shop):
        screen.note(say("site.no_numbers"))
    screen.links(say("site.open"), [(built.index.as_uri(), str(built.index))])
    if and_open and not webbrowser.open(built.index.as_uri()):
        screen.note(say("site.no_browser"))


def _build(screen: Screen, settings: Settings, shop: Workshop) -> Site:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen.err, transient=True, disable=not screen.err.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(screen.say(f"site.{step}"), total=total)
            bars.update(tasks[step], completed=done)

        return build_site(shop, assets_address(settings.dagster_address, shop.ledger), now(), tell)
