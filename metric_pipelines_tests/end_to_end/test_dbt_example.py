"""`examples/dbt_project`: dbt's assets and our metrics in one graph, worked by Dagster's own command line.

It runs in a fresh environment, where this package is installed beside dagster-dbt and dbt-duckdb.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
import venv
from decimal import Decimal
from pathlib import Path

import pytest

from metric_pipelines_tests.small_shop import Shop

FRESH = "METRIC_PIPELINES_FRESH_ENVIRONMENT"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(FRESH not in os.environ, reason=f"installs dbt, some minutes; {FRESH}=1 runs it"),
]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "dbt_project"
DBT = "key:raw_orders,key:raw_customers,key:orders,key:customers"
ONE_PROCESS = '{"execution": {"config": {"in_process": {}}}}'
INSTANCE = """
telemetry: {enabled: false}
# What a step says is copied to the terminal by `tail`, which a step that ends may outrun; here it goes there.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""
REVENUE = {"2024-01": Decimal("408.25"), "2024-02": Decimal("388.25"), "2024-03": Decimal("403.75")}


class Example:
    """A copy of the example, with an instance of its own."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.python = python
        self.folder = Path(shutil.copytree(EXAMPLE, folder / "project"))
        self.instance = folder / "dagster"
        self.instance.mkdir()
        (self.instance / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
        self.shop = Shop(self.folder / "center", self.folder / "data")
        self.seed = self.folder / "dbt" / "seeds" / "raw_orders.csv"
        self.good = self.seed.read_text(encoding="utf-8")

    def dagster(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "DAGSTER_HOME": str(self.instance),
            "SHOP_DUCKDB": str(self.folder / "data" / "shop.duckdb"),
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": os.pathsep.join([str(self.python.parent), os.environ["PATH"]]),
        }
        return subprocess.run(
            [str(self.python), "-m", "dagster", *arguments, "-m", "shop_project.definitions"],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=self.folder,
        )

    def materialize(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """All steps in one process: each process loads dbt anew, which takes longer than the step."""
        return self.dagster("asset", "materialize", "--config-json", ONE_PROCESS, *arguments)

    def build_dbt(self) -> bool:
        return self.materialize("--select", DBT).returncode == 0

    def refresh(self) -> subprocess.CompletedProcess[str]:
        return self.dagster("job", "execute", "-j", "shop_refresh")


@pytest.fixture(scope="module", params=["1.13", "1.12"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with what the example asks for, this package as a wheel; with
    each minor version of Dagster.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    asked = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    beside = [name for name in asked if name != "metric-pipelines"] + [f"dagster=={request.param}.*"]
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT), *beside], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    return python


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, python: Path) -> Example:
    return Example(tmp_path_factory.mktemp("dbt"), python)


def test_dbt_and_metrics_stand_in_one_graph_and_a_broken_dbt_withholds(example: Example) -> None:
    """One story, in this order: each part goes on from the one before."""
    dbt_and_metrics_are_materialized_in_one_run(example)
    the_nightly_refresh_computes_all_months(example)
    a_failed_dbt_test_withholds_and_keeps_the_last_good_numbers(example)
    mended_it_is_published(example)
    a_model_that_errors_withholds_what_depends_on_it(example)


def dbt_and_metrics_are_materialized_in_one_run(example: Example) -> None:
    done = example.materialize("--select", "+key:metrics/average_order", "--partition", "2024-01")
    assert done.returncode == 0, done.stderr[-3000:]
    assert example.shop.months("revenue") == {"2024-01": REVENUE["2024-01"]}


def the_nightly_refresh_computes_all_months(example: Example) -> None:
    done = example.refresh()
    assert done.returncode == 0, done.stderr[-3000:]
    assert example.shop.months("revenue") == REVENUE


def a_failed_dbt_test_withholds_and_keeps_the_last_good_numbers(example: Example) -> None:
    example.seed.write_text(example.good + "90,A,2024-03-30,999.00\n", encoding="utf-8")
    assert not example.build_dbt()
    said = example.refresh()
    assert said.returncode != 0
    assert "orders failed: check unique_orders_order_id" in said.stderr
    assert example.shop.months("revenue") == REVENUE


def mended_it_is_published(example: Example) -> None:
    lines = example.good.splitlines()
    lines[-1] = lines[-1].rpartition(",")[0] + ",20.00"
    example.seed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = Decimal(example.good.splitlines()[-1].rpartition(",")[2])
    assert example.build_dbt()
    done = example.refresh()
    assert done.returncode == 0, done.stderr[-3000:]
    assert example.shop.months("revenue") == REVENUE | {"2024-03": REVENUE["2024-03"] - before + 20}


def a_model_that_errors_withholds_what_depends_on_it(example: Example) -> None:
    model = example.folder / "dbt" / "models" / "customers.sql"
    model.write_text(
        model.read_text(encoding="utf-8").replace("city::varchar", "town::varchar"), encoding="utf-8"
    )
    kept = example.shop.months("revenue")
    assert not example.build_dbt()
    said = example.refresh()
    assert said.returncode != 0
    assert "customers failed in run" in said.stderr
    assert example.shop.months("revenue") == kept
