"""A refresh in a process of its own, which says what it does, and can die at a given point.

    python -m metric_pipelines_tests.end_to_end.refresh_process [--assets=KEY] [--months=MONTH] [--forced]

The points lie between two things that must not be torn apart; a SIGKILL from outside would seldom hit them.
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.ledger import lease
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.orchestration import assets
from metric_pipelines.orchestration.launch import refresh_here
from metric_pipelines.publication import steps
from metric_pipelines.settings import Settings
from metric_pipelines.warehouse import lake

POINTS: dict[str, tuple[Any, str]] = {
    "when it is staged": (steps, "audit"),
    "inside the lake's transaction": (lake, "_force_to_disk"),
    "between lake and ledger": (Ledger, "settle"),
    "between ledger and events": (assets, "report"),
}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def die_at(point: str, key: str) -> None:
    """Ends this process by SIGKILL at a point of the step that computes an asset."""
    stage, reached = steps.stage, False

    def staging(con: Any, shop: Any, keys: list[str], *rest: Any) -> Any:
        nonlocal reached
        reached = reached or key in keys
        return stage(con, shop, keys, *rest)

    steps.stage = staging
    room, name = POINTS[point]
    original = getattr(room, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        if reached:
            say(f"dies {point}")
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(room, name, dying)


def wait_at_most(seconds: float) -> None:
    """Waits for the lease no longer than this."""
    held = lease.held

    def impatient(ledger: Ledger, name: str, waiting: Callable[[Any], None]) -> Any:
        return held(ledger, name, seconds, waiting)

    lease.held = impatient  # type: ignore[assignment]


def main() -> int:
    parser = ArgumentParser()
    parser.add_argument("--assets", action="append", default=[])
    parser.add_argument("--months", action="append", default=[])
    parser.add_argument("--forced", action="store_true")
    parser.add_argument("--die-at", choices=POINTS)
    parser.add_argument("--computing")
    parser.add_argument("--wait-seconds", type=float)
    asked = parser.parse_args()
    if asked.die_at:
        die_at(asked.die_at, asked.computing)
    if asked.wait_seconds is not None:
        wait_at_most(asked.wait_seconds)
    settings = Settings()
    done = refresh_here(
        load_valid_center(settings.center_folder),
        settings.home_folder,
        asked.assets,
        asked.months,
        forced=asked.forced,
        announce=lambda at: say(f"{'waiting for' if isinstance(at, lease.Holder) else 'computing'} {at}"),
    )
    say(f"run {done.run_id} {'succeeded' if done.success else 'failed'}")
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main())
