"""Their instance: records in PostgreSQL, each step in a process of its own, no pool of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest

from metric_pipelines.orchestration.names import kept
from metric_pipelines.orchestration.reaper import reap
from metric_pipelines_tests.servers import POSTGRES, database, missing
from metric_pipelines_tests.small_shop import MONTHS, Shop, copy_center, lay_out, revenue_by_month

pytestmark = pytest.mark.long

PROJECT = """
import dagster as dg
from metric_pipelines import build_definitions

@dg.asset(key=["their", "orders"], check_specs=[dg.AssetCheckSpec("unique", asset=["their", "orders"])])
def orders():
    yield dg.MaterializeResult(asset_key=["their", "orders"])
    yield dg.AssetCheckResult(passed=True)

defs = dg.Definitions.merge(
    dg.Definitions(assets=[orders], executor=dg.multiprocess_executor),
    build_definitions({center!r}, home={home!r}, key_prefix="analytics"),
)
"""
INSTANCE = """
storage:
  postgres:
    postgres_url: {url}
telemetry: {{enabled: false}}
"""


class Theirs:
    """A project in a folder, and its instance, worked by Dagster's own command line."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder

    def dagster(self, *arguments: str) -> str:
        environment = {
            **os.environ,
            "DAGSTER_HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-m", "dagster", *arguments, "-f", str(self.folder / "project.py")],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=self.folder,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stderr


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    if find_spec("dagster_postgres") is None:
        missing("dagster-postgres is not installed")
    folder = tmp_path_factory.mktemp("theirs")
    shop = Shop(copy_center(folder / "center"), folder / "home")
    lay_out(shop.home)
    shop.keep("revenue", "orders_placed", "average_order")
    shop.edit("sources/shop.yaml", "    label: Orders\n", "    label: Orders\n    asset: their/orders\n")
    with database(POSTGRES) as url:
        plain = url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
        (folder / "dagster.yaml").write_text(INSTANCE.format(url=plain), encoding="utf-8")
        text = PROJECT.format(center=str(shop.center), home=str(shop.home))
        (folder / "project.py").write_text(text, encoding="utf-8")
        yield Theirs(shop, folder)


def test_materialized_as_in_the_ui_every_step_in_its_own_process(theirs: Theirs) -> None:
    said = theirs.dagster("asset", "materialize", "--select", "key:their/orders")
    assert "multiprocess executor" in said
    for month in MONTHS[:2]:
        said = theirs.dagster(
            "asset", "materialize", "--select", "key:analytics/shop/orders+", "--partition", month
        )
        assert "in subprocess" in said
    states = {a.pair: a.state for a in theirs.shop.ledger.attempts_of(["shop/orders"])}
    assert states == {("shop/orders", month): "published" for month in MONTHS[:2]}


def test_the_nightly_refresh_ends_well(theirs: Theirs) -> None:
    theirs.dagster("job", "execute", "-j", "small_shop_refresh")
    assert theirs.shop.months("revenue") == revenue_by_month()


def test_no_living_run_was_taken_for_dead(theirs: Theirs) -> None:
    with dg.DagsterInstance.from_config(str(theirs.folder)) as instance:
        assert reap(instance, theirs.shop.open(), kept(theirs.shop.ledger)) == []
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
