"""Writes the site into a new folder and swaps it in as a whole; says whether it would say anything new.

Beside the pages stands `built.json`: what they were made from, so that an unchanged night costs nothing, and
what was told before, so that a page can say what changed since.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from metric_pipelines.dictionary.effective import write_effective
from metric_pipelines.dictionary.graph import digest
from metric_pipelines.errors import EnvironmentBrokenError
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.site.queries import Queries
from metric_pipelines.site.snapshot import Told, take_snapshot
from metric_pipelines.site.timeline import seen, timeline
from metric_pipelines.site.vega import write_vega
from metric_pipelines.site.views import Build, Views

FOLDER = "site"
BUILT = "built.json"
HERE = Path(__file__).parent
MOST_LOADED = 200

KEY_PREFIX = "key_prefix"
"""The ledger's mark with what Dagster has before all our asset keys, `a/b`; empty where nothing."""
NOT_BUILT = "site_not_built"
"""The ledger's mark with the reason why the site could not be built last; empty where it could."""


@dataclass(frozen=True)
class Site:
    """A site that stands: where, how many pages and bytes, how long it took."""

    index: Path
    pages: int
    size: int
    seconds: float


@dataclass(frozen=True)
class _Built:
    """What was kept of a build. `since` is the last one that told something else."""

    stamp: str = ""
    state: str = ""
    mark: int = 0
    at: str = ""
    since: dict[str, Any] = field(default_factory=dict)
    loaded: list[list[str]] = field(default_factory=list)


def folder_of(home: Path) -> Path:
    """Where the site stands below a home folder."""
    return home / FOLDER


def card_of(home: Path, metric: str) -> Path:
    """The card of a metric."""
    return folder_of(home) / "metrics" / f"{metric}.html"


def assets_address(dagster: str, ledger: Ledger) -> str:
    """Where our assets are in the Dagster UI, which has the address `dagster`."""
    return "/".join([dagster, "assets", *filter(None, [ledger.noted(KEY_PREFIX)])])


def is_current(shop: Workshop, dagster: str) -> bool:
    """Whether the site that stands says all there is to say."""
    return _built(folder_of(shop.home)).stamp == _stamp(
        shop, dagster, write_effective(shop.center, shop.home)
    )


def is_behind(shop: Workshop, dagster: str) -> bool:
    """Whether anything was tried or defined since the site that stands was built, and it would say so. Before
    anything was tried there is nothing to say.
    """
    built, effective = _built(folder_of(shop.home)), write_effective(shop.center, shop.home)
    same = built.mark == shop.ledger.mark() and built.loaded and built.loaded[-1][0] == effective
    return shop.ledger.mark() > 0 and not same and not is_current(shop, dagster)


def build_site(shop: Workshop, dagster: str, now: datetime, tell: Told = lambda *_: None) -> Site:
    """Builds the site of a center; what stands keeps standing until the new one is whole.

    `dagster` is the address of our assets in the Dagster UI, `now` the machine's time.
    Raises: EnvironmentBrokenError where the folder cannot be written.
    """
    began, target = time.monotonic(), folder_of(shop.home)
    try:
        shop.home.mkdir(parents=True, exist_ok=True)
        with FileLock(shop.home / f"{FOLDER}.lock"):
            count = _replace(shop, dagster, now, target, tell)
    except OSError as error:
        place = str(error.filename or target)
        raise EnvironmentBrokenError(
            place, error.strerror or str(error), "a folder that can be written", "what stood there still does"
        ) from error
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return Site(target / "index.html", count, size, time.monotonic() - began)


def _replace(shop: Workshop, dagster: str, now: datetime, target: Path, tell: Told) -> int:
    _recover(target)
    new = _beside(target, "new")
    try:
        count = _write(shop, dagster, now, new, target, tell)
        _swap(new, target)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return count


def _write(shop: Workshop, dagster: str, now: datetime, new: Path, old: Path, tell: Told) -> int:
    from metric_pipelines.site.pages import pages, renderer  # late: Jinja takes 0.1 s, and every run is here

    before, effective = _built(old), write_effective(shop.center, shop.home)
    built = _next(shop, dagster, now, effective, before)
    loaded = [(name, datetime.fromisoformat(at)) for name, at in built.loaded]
    shot = take_snapshot(shop, timeline(shop.home, loaded), tell)
    since = datetime.fromisoformat(built.since["at"]) if built.since else None
    queries = Queries(old)
    views = Views(shot, Build(now, since, int(built.since.get("mark", 0)), dagster), queries)
    render = renderer(views)
    listed = list(pages(views))
    for done, page in enumerate(listed):
        tell("writing", done, len(listed))
        _put(new / page.path, render(page))
    tell("writing", len(listed), len(listed))
    for file in (HERE / "static").iterdir():
        _put(new / "assets" / file.name, file.read_text("utf-8"))
    queries.write(new)
    write_vega(new / "assets", old / "assets")
    _put(new / BUILT, json.dumps(vars(built), ensure_ascii=False, indent=1) + "\n")
    return len(listed)


def _next(shop: Workshop, dagster: str, now: datetime, effective: str, before: _Built) -> _Built:
    """What is kept of this build. The same state built again tells the same news as before."""
    mark, at = shop.ledger.mark(), now.isoformat(timespec="seconds")
    state = _state(shop, effective)
    same = state == before.state
    since = before.since if same else {"mark": before.mark, "at": before.at} if before.at else {}
    loaded = before.loaded or [[name, when.isoformat()] for name, when in seen(shop.home)]
    if not loaded or loaded[-1][0] != effective:
        loaded = [*loaded, [effective, at]]
    stamp = _stamp(shop, dagster, effective)
    return _Built(stamp, state, mark, before.at if same else at, since, loaded[-MOST_LOADED:])


def _stamp(shop: Workshop, dagster: str, effective: str) -> str:
    """All that the pages depend on, but the time of the day."""
    files = sorted([*HERE.glob("*.py"), *HERE.glob("*/*.*")])
    look = [version("vl-convert-python"), *(file.read_text("utf-8") for file in files if _ours(file))]
    return digest([_state(shop, effective), str(shop.today), dagster, look])


def _state(shop: Workshop, effective: str) -> str:
    """What is defined and how everything stands; what was read again and did not change is no news."""
    found = [
        (*pair, last.state, last.version, last.data_version, last.reason, own.latest and own.latest.state)
        for pair, own in sorted(shop.ledger.history().items())
        if (last := own.last or own.latest) is not None
    ]
    return digest([effective, found])


def _ours(file: Path) -> bool:
    return file.suffix in (".py", ".html", ".css", ".js")


def _built(folder: Path) -> _Built:
    try:
        found = json.loads((folder / BUILT).read_text("utf-8"))
        return _Built(**found)
    except (OSError, ValueError, TypeError):
        return _Built()  # none yet, or of another version: everything is told anew


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _beside(target: Path, word: str) -> Path:
    """A folder beside the target, empty."""
    found = target.parent / f".{target.name}-{word}"
    shutil.rmtree(found, ignore_errors=True)
    return found


def _swap(new: Path, target: Path) -> None:
    old = _beside(target, "old")
    if target.exists():
        os.replace(target, old)
    os.replace(new, target)
    shutil.rmtree(old, ignore_errors=True)


def _recover(target: Path) -> None:
    """A process that was killed between the two renames left the old site aside."""
    old = target.parent / f".{target.name}-old"
    if old.exists() and not target.exists():
        os.replace(old, target)
