"""How long the static site of a large center takes to build, and how large it is.

Generates a center of `--metrics` metrics (simple ones by two dimensions, ratios, rolling sums, and distinct
counts that do not add up) over `--months` months of invented orders, computes it without an orchestrator,
then builds the site twice: from nothing, and again with one definition changed. The center stays in
`--folder`, so that a second call only builds.

    python benchmarks/site.py --metrics 1000 --months 12 --folder /tmp/thousand
"""

import argparse
import logging
import resource
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

from large_center import generate

from metric_pipelines.dictionary.months import WHOLE, months_between
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.ledger.ledger import Ledger, now, sqlite_url
from metric_pipelines.publication.plan import Scope, Work
from metric_pipelines.publication.refresh import refresh
from metric_pipelines.publication.steps import carry_out
from metric_pipelines.publication.workshop import Workshop, open_workshop
from metric_pipelines.site.writing import build_site
from metric_pipelines.warehouse.lake import connect, prepare


def main() -> None:
    """Generates and computes the center where it is not there yet, then measures."""
    arguments = _arguments()
    center, home = arguments.folder / "center", arguments.folder / "home"
    if not center.exists():
        generate(center, home, arguments.metrics, arguments.months)
    began = time.monotonic()
    _compute(_open(center, home))
    _say("computed", time.monotonic() - began, "")
    first = next(center.glob("metrics/*/*.yaml"))
    for word in ("first build", "after a change"):
        built = build_site(_open(center, home), "http://127.0.0.1:3000", datetime.now(UTC))
        _say(word, built.seconds, f"{built.pages} pages, {built.size / 1e6:.1f} MB")
        first.write_text(first.read_text("utf-8").replace("every morning", "every day"), "utf-8")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{'peak memory':16} {memory:8.0f} MB\n")


def _say(word: str, seconds: float, rest: str) -> None:
    sys.stdout.write(f"{word:16} {seconds:8.1f} s  {rest}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=int, default=1000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--folder", type=Path, required=True)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    return parser.parse_args()


def _open(center: Path, home: Path) -> Workshop:
    ledger = Ledger(sqlite_url(home / "ledger.sqlite"))
    return open_workshop(load_valid_center(center), home, ledger, ask_sources=True)


def _compute(shop: Workshop) -> None:
    con = prepare(connect(), shop.lake)

    def execute(work: Work) -> None:
        months = [WHOLE] if work.first == WHOLE else months_between(work.first, work.last)
        steps: dict[str, list[str]] = {}
        for key in work.assets:
            steps.setdefault(shop.graph.nodes[key].step, []).append(key)
        for keys in steps.values():
            for (view,) in con.execute(
                "select schema_name || '.' || view_name from duckdb_views()"
                " where database_name = 'memory' and not internal"
            ).fetchall():
                con.execute(f"drop view memory.{view}")
            carry_out(con, shop, keys, months, "benchmark")

    troubles = refresh(shop, Scope(read_since=now()), execute)
    assert not troubles, troubles[:3]


if __name__ == "__main__":
    main()
