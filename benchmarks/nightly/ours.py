"""One night of a center of ours: a process that does what the nightly schedule does.

    python ours.py CENTER HOME [--phases]

Source tables, model, metrics, their checks, the ledger with its receipts, and Dagster's events; no pages.
With `--phases` it prints where the time goes.
"""

import time

BEGAN = time.monotonic()

import sys  # noqa: E402 (what is imported is a part of the night)

sys.modules["hypothesis"] = None  # type: ignore[assignment]  # a tool of our tests, which Pandera takes along

from metric_pipelines.cli.app import leave  # noqa: E402
from metric_pipelines.starting import seldom_collected  # noqa: E402

SELDOM = seldom_collected()
SELDOM.__enter__()  # as the command line does, before it imports what a command needs

import functools  # noqa: E402
import os  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import dagster as dg  # noqa: E402

from metric_pipelines.dictionary.validation import load_valid_center  # noqa: E402
from metric_pipelines.orchestration import refresh_job  # noqa: E402
from metric_pipelines.orchestration.build import build_definitions  # noqa: E402
from metric_pipelines.orchestration.launch import dagster_home  # noqa: E402
from metric_pipelines.publication import measures, steps  # noqa: E402
from metric_pipelines.quality import audit  # noqa: E402
from metric_pipelines.quality.expectations import Expectations  # noqa: E402
from metric_pipelines.semantics import staging  # noqa: E402

SPENT: dict[str, float] = {}


def main() -> None:
    """Loads the center, and runs the job `refresh` in this process."""
    warnings.simplefilter("ignore")
    if sys.argv[3:] == ["--phases"]:
        _watch()
    SPENT["import"] = time.monotonic() - BEGAN
    with _phase("load the center, definitions"):
        center, home = load_valid_center(Path(sys.argv[1])), Path(sys.argv[2])
        os.environ["METRIC_PIPELINES_HOME"] = str(home)
        definitions = build_definitions(center, home, site=False, schedule=False, sensor=False)
        dagster_home(home)
    with _phase("Dagster: runs and events"), dg.DagsterInstance.get() as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        job = definitions.resolve_job_def("refresh")
        result = job.execute_in_process(instance=instance, run_config=quiet)
    if sys.argv[3:] == ["--phases"]:
        for name, seconds in sorted(SPENT.items(), key=lambda one: -one[1]):
            sys.stdout.write(f"    {seconds:6.2f} s  {name}\n")
    leave(0 if result.success else 1)


class _phase:
    """What is spent inside, less what is spent in phases inside that."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began, self._before = time.monotonic(), sum(SPENT.values())

    def __exit__(self, *_: object) -> None:
        took, within = time.monotonic() - self._began, sum(SPENT.values()) - self._before
        SPENT[self._name] = SPENT.get(self._name, 0.0) + took - within


def _watch() -> None:
    """Times the steps of a night where they are called."""
    for owner, name, phase in (
        (steps, "publish", "publish, and the ledger"),
        (steps, "audit", "audit: counts of rows"),
        (audit, "contract_verdicts", "contract (Pandera)"),
        (Expectations, "verdicts", "expectations (Great Expectations)"),
        (measures, "measure", "hashes, and the ledger's numbers"),
        (steps, "stage", "stage: views, and metrics' tables"),
        (staging, "group_sql", "compile (MetricFlow)"),
        (staging, "_made_quickly", "scan"),
        (refresh_job, "refresh", "plan"),
        (refresh_job._Child, "execute", "Dagster: runs and events"),
        (steps, "carry_out", "plan"),
    ):
        setattr(owner, name, _timed(getattr(owner, name), phase))


def _timed(function: Any, phase: str) -> Any:
    @functools.wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        with _phase(phase):
            return function(*args, **kwargs)

    return timed


if __name__ == "__main__":
    main()
