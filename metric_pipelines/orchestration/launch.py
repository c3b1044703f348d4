"""Starting a refresh in this process, and web server and daemon as children: for the command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.errors import InternalError, unwritable
from metric_pipelines.ledger.ledger import Ledger, sqlite_url
from metric_pipelines.orchestration.build import build_definitions
from metric_pipelines.orchestration.failures import first_failure, told
from metric_pipelines.orchestration.names import kept
from metric_pipelines.orchestration.reaper import process_tags
from metric_pipelines.orchestration.refresh_job import OP, Announce, interrupted
from metric_pipelines.settings import PACKAGE, Settings

HOME = "DAGSTER_HOME"
TEMPLATE = PACKAGE / "exchange" / "templates" / "dagster.yaml"
"""The instance of a new center, which is that of every project without one."""
EMPTY = ("logs", ".logs_queue")
"""Folders that Dagster's telemetry makes beside `dagster.yaml`, even where it is off."""
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Launched:
    """A finished refresh: its run, and whether everything was published."""

    run_id: str
    success: bool


def dagster_home(home: Path) -> Path:
    """The folder of `dagster.yaml`: DAGSTER_HOME where it is set, else the project's, else one below the home
    folder.
    """
    if os.environ.get(HOME):
        return Path(os.environ[HOME])
    folder = Settings().project_folder
    if not (folder / "dagster.yaml").exists():
        folder = home / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "dagster.yaml").exists():
            shutil.copy(TEMPLATE, folder / "dagster.yaml")
    os.environ[HOME] = str(folder)
    return folder


def refresh_here(
    center: Center,
    home: Path,
    assets: Sequence[str],
    months: Sequence[str],
    *,
    forced: bool,
    announce: Announce,
) -> Launched:
    """Runs the job `refresh` in this process.

    Raises: MetricPipelinesError where it could not be carried out at all; what was withheld is no error here.
    KeyboardInterrupt where it was interrupted.
    """
    dagster_home(home)
    names = kept(Ledger(sqlite_url(home / "ledger.sqlite")))
    definitions = build_definitions(center, home, announce, names)
    config = {"assets": list(assets), "months": list(months), "forced": forced}
    with dg.DagsterInstance.get() as instance:
        result = definitions.resolve_job_def(names.name("refresh")).execute_in_process(
            instance=instance,
            run_config={"ops": {names.name(OP): {"config": config}}, **QUIET},
            tags=process_tags(),
            raise_on_error=False,
        )
        if interrupted(result):
            raise KeyboardInterrupt
        _raise_ours(result)
    return Launched(result.run_id, result.success)


def _raise_ours(result: Any) -> None:
    """An error of the run itself; a failure that names what was withheld is the gate, and no error."""
    if not any(event.is_step_failure for event in result.all_events):
        return
    error = first_failure(result.all_events)
    if error is not None and error.cls_name == "Failure":
        return
    where, text = f"run {result.run_id}", told(error) or "no error was recorded"
    named = unwritable(where, text)
    if named is not None:
        raise named
    raise InternalError(where, text, "a refresh that ends", "see the run in the Dagster UI")


def up(
    home: Path, port: int, *, read_only: bool, ready: Callable[[str], None], center: Path | None = None
) -> int:
    """The Dagster web server and daemon on the loopback address, until Ctrl-C or SIGTERM; returns an exit
    code.

    Stops all children: each gets SIGINT, and is killed after 10 seconds.
    """
    folder = dagster_home(home)
    environment = {
        **os.environ,
        "METRIC_PIPELINES_HOME": str(home),
        "METRIC_PIPELINES_PORT": str(port),  # cards link to this very server
    }
    if center is not None:  # the children stand in another folder than we do
        environment["METRIC_PIPELINES_CENTER"] = str(center)
    commands = [_webserver(folder, port, read_only)] + ([] if read_only else [_daemon(folder)])
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    children = [subprocess.Popen(c, cwd=folder, env=environment, preexec_fn=_own_group) for c in commands]
    ready(f"http://127.0.0.1:{port}")
    try:
        while not stop.wait(0.5):
            if any(child.poll() is not None for child in children):
                return 3
    finally:
        _stop(children)
        for left in EMPTY:
            with suppress(OSError):
                (folder / left).rmdir()
    return 0


def _own_group() -> None:
    """A group of its own, so that Ctrl-C in the terminal reaches us alone and we stop the children in order.

    A shell's `&` makes SIGINT ignored, and Dagster copies that to SIGTERM: then nothing but SIGKILL would
    stop it.
    """
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _webserver(folder: Path, port: int, read_only: bool) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", str(port), *_workspace(folder)]
    options += ["--dagster-log-level", "warning", "--code-server-log-level", "warning"]
    return [sys.executable, "-m", "dagster_webserver", *options, *(["--read-only"] if read_only else [])]


def _daemon(folder: Path) -> list[str]:
    return [sys.executable, "-m", "dagster._daemon", "run", "--log-level", "warning", *_workspace(folder)]


def _workspace(folder: Path) -> list[str]:
    if (folder / "workspace.yaml").exists():
        return ["--workspace", str(folder / "workspace.yaml")]
    return ["--module-name", "metric_pipelines.definitions"]


def _stop(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(10)
        _kill_group(child.pid)


def _kill_group(group: int) -> None:
    """What is left of a child's process group (code servers); it may be gone already."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
