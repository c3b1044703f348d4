"""What a refresh is doing right now: a live line on a terminal, plain lines where stderr is piped.

While Dagster runs a step it takes both standard streams away into its own files, so this writes to a copy
of stderr's descriptor.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from metric_pipelines.cli import figures
from metric_pipelines.cli.screen import console
from metric_pipelines.cli.texts import Words
from metric_pipelines.dictionary.graph import Graph
from metric_pipelines.ledger.lease import Holder
from metric_pipelines.publication.plan import Work

NAMED = 3


@dataclass
class Progress:
    """Told what is about to be computed; what was told before is then done."""

    say: Words
    graph: Graph
    console: Console
    began: float = field(default_factory=time.monotonic)
    current: Work | Holder | None = None
    since: float = field(default_factory=time.monotonic)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="label"))

    def __call__(self, what: Work | Holder) -> None:
        self.finish()
        self.current, self.since = what, time.monotonic()
        if not self.console.is_terminal:
            self.console.print(Text(f"{self._elapsed():>8}  {self._words()}"), soft_wrap=True)

    def finish(self) -> None:
        """What was being computed is done: on a terminal it stays above the live line."""
        if self.current is not None and self.console.is_terminal:
            took = figures.seconds(time.monotonic() - self.since)
            done = _one_line(("✓ ", "good"), (f"{took:>7}  ", "note"), self._words())
            self.console.print(done, no_wrap=True, overflow="ellipsis")
        self.current = None

    def __rich__(self) -> Table:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(self.spinner, _one_line((f"{self._elapsed():>7}  ", "note"), self._words()))
        return grid

    def _elapsed(self) -> str:
        return figures.seconds(time.monotonic() - self.began)

    def _words(self) -> str:
        match self.current:
            case Work():
                return described(self.say, self.graph, self.current)
            case Holder():
                return self.say("refresh.waiting", holder=self.current)
            case _:
                return self.say("refresh.preparing")


@contextmanager
def watched(say: Words, graph: Graph) -> Iterator[Progress]:
    """Progress that is shown until the block ends."""
    with _own_stderr() as stream:
        progress = Progress(say, graph, console(stream))
        if not progress.console.is_terminal:
            yield progress
            return
        with Live(
            progress, console=progress.console, transient=True, redirect_stdout=False, redirect_stderr=False
        ):
            yield progress
            progress.finish()


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """A stream on a copy of stderr's descriptor; stderr itself where it has none, as under a test runner."""
    sys.stderr.flush()
    try:
        copy = os.dup(sys.stderr.fileno())
    except OSError:
        yield sys.stderr
        return
    with os.fdopen(copy, "w", encoding="utf-8") as stream:
        yield stream


def described(say: Words, graph: Graph, work: Work) -> str:
    """A rectangle of work in one line: how many of each kind, months, the first names."""
    if len(work.assets) == 1:
        return f"{work.assets[0]}  {span(say, work)}"
    kinds = Counter(graph.nodes[key].kind for key in work.assets)
    counted = ", ".join(say.kinds(kind, count) for kind, count in kinds.items())
    rest = len(work.assets) - NAMED
    more = f" {say('and_more', n=rest, total=len(work.assets))}" if rest > 0 else ""
    return f"{counted}  {span(say, work)}  {', '.join(work.assets[:NAMED])}{more}"


def _one_line(*parts: str | tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def span(say: Words, work: Work) -> str:
    """The months of a rectangle in words."""
    if not work.first:
        return say("whole")
    return work.first if work.first == work.last else say("to", first=work.first, last=work.last)
