"""The Python API's work: opens the center of the settings, asks for values, closes it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date

import pandas as pd

from metric_pipelines.ledger.ledger import Ledger, sqlite_url
from metric_pipelines.publication.workshop import open_workshop
from metric_pipelines.query import Reader, answer_saved, open_for_reading
from metric_pipelines.settings import Settings


def values_frame(
    metric: str,
    by: Sequence[str],
    grain: str | None,
    start: date | None,
    end: date | None,
    filter: str | None,
    *,
    explain: bool,
) -> pd.DataFrame:
    """What `metric_pipelines.values` returns."""
    with _reading() as reader:
        answer = reader.values(metric, by, grain, start, end, filter, explain=explain)
    frame = answer.frame()
    frame.attrs |= {
        "metric": metric,
        "grain": answer.grain,
        "unit": reader.center.metrics[metric].unit,
        "source": answer.route,
        "withheld": [asdict(gap) for gap in answer.gaps],
        "unmatched": answer.unmatched,
    }
    if answer.explanation is not None:
        frame.attrs["explanation"] = asdict(answer.explanation)
    return frame


def saved_frame(name: str, start: date | None, end: date | None) -> pd.DataFrame:
    """What `metric_pipelines.saved_query` returns."""
    with _reading() as reader:
        answer = answer_saved(reader, name, start, end)
    frame = answer.frame()
    frame.attrs |= {
        "query": name,
        "grain": answer.grain,
        "withheld": {metric: [asdict(gap) for gap in gaps] for metric, gaps in answer.gaps.items() if gaps},
        "unmatched": answer.unmatched,
    }
    return frame


@contextmanager
def _reading() -> Iterator[Reader]:
    settings = Settings()
    center, home = settings.load(), settings.home_folder
    shop = open_workshop(center, home, Ledger(sqlite_url(home / "ledger.sqlite")), ask_sources=False)
    with open_for_reading(shop) as reader:
        yield reader
