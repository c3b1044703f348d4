"""Dagster's web server and daemon as `up` starts them, and what its UI asks them.

What does not belong here: what a test expects.
"""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork, Process

SERVE = """
import sys
from metric_pipelines.orchestration.launch import up
from metric_pipelines.settings import Settings

settings = Settings()
sys.exit(up(settings.home_folder, settings.port, read_only=False, ready=lambda url: print(url, flush=True)))
"""
LOCATIONS = """
query { workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError {
    __typename
    ... on RepositoryLocation { repositories {
        schedules { name scheduleState { id status } }
        sensors { name sensorState { status } }
    } }
    ... on PythonError { message }
} } } } }
"""
LAUNCH = """
mutation($asked: ExecutionParams!) { launchPipelineExecution(executionParams: $asked) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
} }
"""
STOP = """
mutation($id: String!) { stopRunningSchedule(id: $id) {
    __typename ... on ScheduleStateResult { scheduleState { status } } ... on PythonError { message }
} }
"""
RUNS = """
query { runsOrError(limit: 100) { ... on Runs { results {
    runId status pipelineName tags { key value } startTime endTime
} } } }
"""
TICKS = """
query($of: InstigationSelector!) { instigationStateOrError(instigationSelector: $of) {
    ... on InstigationState { ticks(limit: 50) { status skipReason runIds error { message } } }
} }
"""


@dataclass(frozen=True)
class Server:
    """A server at work on a home."""

    process: Process
    port: int
    at_work: CenterAtWork

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.url}/graphql", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert not found.get("errors"), found
        return found["data"]

    def location(self) -> dict[str, Any]:
        """The one code location: whether it is loaded, and what runs by itself."""
        (entry,) = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        return dict(entry)

    def materialize(self, key: str, month: str) -> str:
        """Launches one asset for one month, as the UI's button does; returns the run."""
        chosen = {"assetSelection": [{"path": key.split("/")}], "assetCheckSelection": []}
        return self.launch("__ASSET_JOB", chosen, {"dagster/partition": month})

    def launch(self, job: str, chosen: dict[str, Any], tags: dict[str, str]) -> str:
        """Launches a job; returns the run."""
        where = {"repositoryLocationName": "metric_pipelines", "repositoryName": "__repository__"}
        asked = {
            "selector": {**where, "jobName": job, **chosen},
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        found = self.ask(LAUNCH, asked=asked)["launchPipelineExecution"]
        assert found["__typename"] == "LaunchRunSuccess", found
        return str(found["run"]["runId"])

    def stop_schedules(self) -> None:
        """No nights any more."""
        for repository in self.location()["locationOrLoadError"]["repositories"]:
            for schedule in repository["schedules"]:
                found = self.ask(STOP, id=schedule["scheduleState"]["id"])["stopRunningSchedule"]
                assert found["scheduleState"]["status"] == "STOPPED", found

    def runs(self, job: str = "") -> list[dict[str, Any]]:
        """The newest runs, newest first."""
        found = self.ask(RUNS)["runsOrError"]["results"]
        return [
            {**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}}
            for run in found
            if job in ("", run["pipelineName"])
        ]

    def run(self, run_id: str) -> dict[str, Any]:
        """A run."""
        return next(run for run in self.runs() if run["runId"] == run_id)

    def ticks(self, name: str) -> list[dict[str, Any]]:
        """The newest ticks of a schedule or sensor."""
        of = {"repositoryLocationName": "metric_pipelines", "repositoryName": "__repository__", "name": name}
        return list(self.ask(TICKS, of=of)["instigationStateOrError"]["ticks"])

    def family(self) -> list[psutil.Process]:
        """All processes of the server."""
        return [self.process_of(), *self.process_of().children(recursive=True)]

    def process_of(self) -> psutil.Process:
        return psutil.Process(self.process.popen.pid)

    def wait_until(self, holds: Callable[[], Any], what: str, seconds: float) -> Any:
        """Asks until something holds, and returns it."""
        until = time.monotonic() + seconds
        while True:
            try:
                if found := holds():
                    return found
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert self.process.popen.poll() is None, self.process.text
            assert time.monotonic() < until, f"not within {seconds} s: {what}\n{self.process.text[-5000:]}"
            time.sleep(0.3)


@contextmanager
def serving(at_work: CenterAtWork) -> Iterator[Server]:
    """A server on a free port; whatever of it is left at the end is killed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**at_work.environment, "METRIC_PIPELINES_PORT": str(port)}
    server = Server(Process.of(["-c", SERVE], environment), port, at_work)
    family: list[psutil.Process] = []
    try:
        server.wait_until(lambda: server.location()["loadStatus"] == "LOADED", "the location is loaded", 120)
        family = server.family()
        yield server
    finally:
        if server.process.popen.poll() is None:
            family = server.family()
            server.process.kill()
        for process in family:
            if process.is_running():
                process.kill()
