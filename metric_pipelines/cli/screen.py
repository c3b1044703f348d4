"""Where commands write: results to stdout, progress and errors to stderr, with colours only on a terminal.

Piped output has no colours, no frames and no cut columns: a line is as long as it needs to be. Markup is
off everywhere, so that a bracket in somebody's label stays a bracket. What does not belong here: what is
said.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from metric_pipelines.cli.json_text import json_text
from metric_pipelines.cli.texts import Lang, Words

BROKEN_PIPE = 141
"""As a program that SIGPIPE stopped."""

PIPED_WIDTH = 100
MARGIN = (0, 0, 0, 2)

THEME = Theme(
    {
        "title": "bold",
        "heading": "bold cyan",
        "label": "cyan",
        "note": "dim",
        "command": "bold",
        "good": "green",
        "warn": "yellow",
        "bad": "red",
        "neutral": "dim",
    }
)

STATE_STYLES = {
    "healthy": "good",
    "published": "good",
    "stale": "warn",
    "failing": "warn",
    "unavailable": "warn",
    "missing": "warn",
    "waiting": "warn",
    "withheld": "bad",
    "blocked": "bad",
    "never published": "bad",
}
"""The colour of a state."""

Justify = Literal["left", "right"]


class _Trimmed:
    """A stream whose lines end where their text does; Rich fills them up with blanks."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return int(self._stream.write(re.sub(r"[ \t]+(?=\n|$)", "", text)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Console(Console):
    """Rich's console that leaves quietly when nobody reads any more."""

    def on_broken_pipe(self) -> NoReturn:
        self.quiet = True
        leave_quietly()


def leave_quietly() -> NoReturn:
    """Ends the process without a word: whoever read the output has closed it (`| head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(BROKEN_PIPE)


def console(file: Any) -> Console:
    """A console on a stream: the terminal's width, or COLUMNS, or 100 where it is piped."""
    stream: Any = file if file.isatty() else _Trimmed(file)
    made = _Console(file=stream, markup=False, highlight=False, emoji=False, theme=THEME, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPED_WIDTH
    return made


@dataclass(frozen=True)
class Screen:
    """Both streams, and the words of one language."""

    out: Console
    err: Console
    say: Words

    @classmethod
    def of_this_process(cls, lang: Lang) -> Screen:
        """On stdout and stderr as they are now, in UTF-8 whatever the locale says."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8")
        return cls(console(sys.stdout), console(sys.stderr), Words(lang))

    @property
    def lang(self) -> Lang:
        """The language that is spoken."""
        return self.say.lang

    def line(self, *parts: str | Text, style: str = "") -> None:
        """One line on stdout; wrapped on a terminal."""
        self.out.print(joined(*parts), style=style, soft_wrap=not self.out.is_terminal)

    def blank(self) -> None:
        """An empty line."""
        self.out.print()

    def title(self, text: str, note: str = "") -> None:
        """The first line of a screen, with a note behind it."""
        self.line(joined((text, "title"), *([("   " + note, "note")] if note else [])))

    def heading(self, text: str) -> None:
        """The first line of a part, after an empty one."""
        self.blank()
        self.line(Text(text, style="heading"))

    def note(self, text: str) -> None:
        """A remark below something."""
        self.block(Text(text, style="note"))

    def block(self, item: RenderableType) -> None:
        """Something indented. Piped, it is as wide as it needs to be."""
        padded = Padding(item, MARGIN)
        if self.out.is_terminal or not isinstance(item, Table):
            self.out.print(padded)
            return
        needed = Measurement.get(self.out, self.out.options.update(max_width=100_000), padded).maximum
        width, self.out.width = self.out.width, max(needed, self.out.width)
        self.out.print(padded)
        self.out.width = width

    def table(self, *columns: str | tuple[str, Justify]) -> Table:
        """An empty table with these headers; a pair says how its column is justified."""
        table = Table(
            box=box.SIMPLE_HEAD if self.out.is_terminal else None, padding=(0, 2, 0, 0), header_style="label"
        )
        table.show_edge = table.pad_edge = False
        for column in columns:
            name, justify = (column, "left") if isinstance(column, str) else column
            table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
        return table

    def long_table(self, columns: Sequence[str | tuple[str, Justify]], rows: Sequence[Sequence[str]]) -> None:
        """A table of plain texts. Piped it is written at once: Rich takes a minute for 100,000 rows."""
        if self.out.is_terminal:
            table = self.table(*columns)
            for row in rows:
                table.add_row(*row)
            self.block(table)
            return
        names = [column if isinstance(column, str) else column[0] for column in columns]
        right = [not isinstance(column, str) and column[1] == "right" for column in columns]
        self.write(aligned([names, *rows], right, margin=" " * MARGIN[3]))

    def pairs(self, rows: Sequence[tuple[str, str | Text]]) -> None:
        """Labels and what is said of them, in two columns."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="label", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, text in rows:
            grid.add_row(label, text)
        padded = Padding(grid, MARGIN)
        self.out.print(padded)

    def state(self, state: str) -> Text:
        """A state in words, in its colour."""
        return Text.assemble((self.say(f"state.{state}"), STATE_STYLES[state]))

    def next_steps(self, steps: Sequence[tuple[str, str]]) -> None:
        """Commands to type next, and what each does."""
        self.heading(self.say("next"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="command", no_wrap=True)
        grid.add_column(style="note")
        for command, what in steps:
            grid.add_row(command, what)
        self.block(grid)

    def links(self, title: str, links: Sequence[tuple[str, str]]) -> None:
        """Addresses, each with what is there."""
        self.heading(title)
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(style="note")
        for address, what in links:
            grid.add_row(Text(address, style=f"link {address}" if self.out.is_terminal else ""), what)
        self.block(grid)

    def json(self, value: Any) -> None:
        """A value as JSON on stdout."""
        self.write(json_text(value) + "\n")

    def write(self, text: str) -> None:
        """A text on stdout as it is."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            leave_quietly()


def joined(*parts: str | Text | tuple[str, str]) -> Text:
    """Texts after one another; a pair is a text and its style."""
    return Text.assemble(*parts)


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool], margin: str = "") -> str:
    """Rows as lines, columns aligned by what they take on a screen (a Chinese character takes two places)."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]

    def cell(text: str, i: int) -> str:
        gap = " " * (widths[i] - cell_len(text))
        return gap + text if right[i] else text + gap

    lines = ("  ".join(cell(text, i) for i, text in enumerate(row)).rstrip() for row in rows)
    return "".join(f"{margin}{line}\n" for line in lines)


def near(text: str) -> str:
    """A text without the current folder before the names of files in it."""
    return text.replace(f"{os.getcwd()}{os.sep}", "")
