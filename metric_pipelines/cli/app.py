"""The entry point: finds the language, runs a command, and turns errors into exit codes.

0 good, 1 the data is bad, 2 used wrongly, 3 the environment is broken, 130 Ctrl-C, 141 nobody reads any
more.
"""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn, cast

import typer
import typer.core
from rich.text import Text

from metric_pipelines.cli import commands
from metric_pipelines.cli.environment import language
from metric_pipelines.cli.help_page import PROGRAM, Command, Group, translated
from metric_pipelines.cli.screen import Screen, leave_quietly, near
from metric_pipelines.cli.texts import LANGS, Lang
from metric_pipelines.errors import InvalidCenterError, MetricPipelinesError, UsageError, unwritable
from metric_pipelines.starting import seldom_collected

CENTER = "METRIC_PIPELINES_CENTER"
INTERRUPTED = 130
USED_WRONGLY = 2
BROKEN = 3


def command() -> NoReturn:
    """The process `metric-pipelines`."""
    with seldom_collected():
        leave(main())


def leave(code: int) -> NoReturn:
    """Ends this process without taking its modules apart: that takes up to a second, and frees what ends with
    it anyway.
    """
    with suppress(OSError):  # nobody reads any more
        sys.stdout.flush()
        sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = _Asked.of(given)
    with _center(asked.center):
        return _answered(asked)


def _answered(asked: _Asked) -> int:
    screen = Screen.of_this_process(asked.lang or language())
    try:
        if asked.wrong:
            raise UsageError("--lang", asked.wrong, " or ".join(LANGS))
        return _run(screen, asked.rest)
    except BrokenPipeError:
        leave_quietly()
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.TyperException as error:
        return _used_wrongly(screen, error)
    except MetricPipelinesError as error:
        _trace(asked.debug)
        return failed(screen, error)
    except Exception as error:  # noqa: BLE001 (the process's edge: nobody above could say it better)
        _trace(asked.debug)
        named = unwritable("", f"{type(error).__name__}: {error}")
        return _unexpected(screen, error) if named is None else failed(screen, named)


def build(lang: Lang) -> typer.core.TyperGroup:
    """All commands, with the texts of a language."""
    app = typer.Typer(cls=Group, add_completion=True)
    app.callback(invoke_without_command=True)(commands.everywhere)
    for name, function in commands.COMMANDS.items():
        app.command(name, cls=Command, hidden=name in commands.HIDDEN)(function)
    for group, (callback, members) in commands.GROUPS.items():
        typed = typer.Typer(cls=Group)
        typed.callback(invoke_without_command=True)(callback)
        for name, function in members.items():
            typed.command(name, cls=Command)(function)
        app.add_typer(typed, name=group)
    return translated(cast(typer.core.TyperGroup, typer.main.get_command(app)), lang)


@contextmanager
def _center(named: str | None) -> Iterator[None]:
    """The center of `--center`, for this process and those it starts, as if the environment named it."""
    before = os.environ.get(CENTER)
    if named is not None:
        os.environ[CENTER] = named
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(CENTER, None)
        else:
            os.environ[CENTER] = before


def _run(screen: Screen, arguments: Sequence[str]) -> int:
    result = build(screen.lang).main(list(arguments), PROGRAM, standalone_mode=False, obj=screen)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


@dataclass(frozen=True)
class _Asked:
    """The arguments without what may stand anywhere: the language, the center and `--debug`."""

    rest: list[str]
    lang: Lang | None = None
    debug: bool = False
    wrong: str = ""
    center: str | None = None

    @classmethod
    def of(cls, arguments: Sequence[str]) -> _Asked:
        rest: list[str] = []
        lang, debug, wrong, center = None, False, "", None
        todo = list(arguments)
        while todo:
            word = todo.pop(0)
            if word == "--":
                rest += [word, *todo]
                break
            if word == "--debug":
                debug = True
            elif word == "--lang" or word.startswith("--lang="):
                name = word[7:] if "=" in word else (todo.pop(0) if todo else "")
                lang = next((known for known in LANGS if known == name), lang)
                wrong = "" if name in LANGS else (repr(name) if name else "no language")
            elif word.startswith("--center=") or (word == "--center" and todo):
                center = word.partition("=")[2] or todo.pop(0)
            else:
                rest.append(word)
        return cls(rest, lang, debug, wrong, center)


def failed(screen: Screen, error: MetricPipelinesError) -> int:
    """Says on stderr what is wrong, in the error's own words; returns its exit code."""
    say, err = screen.say, screen.err
    if isinstance(error, InvalidCenterError):
        err.print(Text("✗ " + say("error.definitions", n=len(error.problems)), style="bad"))
        for problem in error.problems:
            err.print(Text(near(str(problem))), soft_wrap=True)
        return error.exit_code
    err.print(Text("✗ " + say(f"error.{error.exit_code}"), style="bad"))
    err.print(
        Text("  " + near(f"{error.where}: {error.found}" if error.where else error.found)), soft_wrap=True
    )
    for label, text in (("expected", error.expected), ("remedy", error.remedy)):
        if text:
            err.print(Text.assemble("  ", (say(f"error.{label}"), "label"), f"  {text}"), soft_wrap=True)
    return error.exit_code


def _used_wrongly(screen: Screen, error: typer.TyperException) -> int:
    """Typer's own findings: an unknown command or option, a missing argument."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    screen.err.print(Text("✗ " + screen.say("error.2"), style="bad"))
    screen.err.print(Text("  " + error.format_message()), soft_wrap=True)
    screen.err.print(Text("  " + screen.say("error.usage", command=path), style="note"), soft_wrap=True)
    return USED_WRONGLY


def _unexpected(screen: Screen, error: Exception) -> int:
    screen.err.print(Text("✗ " + screen.say("error.unexpected"), style="bad"))
    screen.err.print(Text(f"  {type(error).__name__}: {error}"), soft_wrap=True)
    screen.err.print(Text("  " + screen.say("error.debug"), style="note"))
    return BROKEN


def _trace(debug: bool) -> None:
    if debug:
        traceback.print_exc()


__all__ = ["build", "failed", "main"]
