"""`up`: Dagster's web server and daemon, until Ctrl-C; says where to look once the port answers."""

from __future__ import annotations

import socket
import threading
import time

from metric_pipelines.cli.opening import main_metric
from metric_pipelines.cli.screen import Screen
from metric_pipelines.errors import EnvironmentBrokenError
from metric_pipelines.orchestration.launch import up as serve
from metric_pipelines.settings import Settings

HOST = "127.0.0.1"
PATIENCE = 180.0


def up(screen: Screen, settings: Settings, *, read_only: bool, port: int | None) -> int:
    """Serves until Ctrl-C or SIGTERM; returns the exit code.

    Raises: EnvironmentBrokenError where the port is taken; DefinitionError where the center is wrong.
    """
    center = settings.load()
    chosen = port if port is not None else settings.port
    if taken(chosen):
        other = f"metric-pipelines up --port {chosen + 1}"
        raise EnvironmentBrokenError(f"port {chosen}", "somebody listens there already", "a free port", other)
    screen.line(screen.say("up.starting.read_only" if read_only else "up.starting"), style="note")
    metric = main_metric(center)

    def ready(address: str) -> None:
        # Beside the loop that watches the children, which must see when one of them dies.
        threading.Thread(target=_tell, args=(screen, address, chosen, metric), daemon=True).start()

    folder = settings.center_folder
    code = serve(settings.home_folder, chosen, read_only=read_only, ready=ready, center=folder)
    screen.line(screen.say("up.stopped" if code == 0 else "up.died"), style="note" if code == 0 else "bad")
    return code


def taken(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _tell(screen: Screen, address: str, port: int, metric: str | None) -> None:
    """Waits until the port answers, then says where to look."""
    until = time.monotonic() + PATIENCE
    while not taken(port):
        if time.monotonic() > until:
            return
        time.sleep(0.2)
    say = screen.say
    links = [
        (f"{address}/assets", say("up.assets")),
        *([(f"{address}/assets/metrics/{metric}", say("up.metric"))] if metric else []),
        (f"{address}/runs", say("up.runs")),
        (f"{address}/automation", say("up.schedules")),
    ]
    screen.links(say("up.ready"), links)
