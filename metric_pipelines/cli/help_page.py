"""The help page of a command: usage, what it does, arguments, options, examples.

Typer's own page speaks English only and draws frames into pipes. `translated` puts the texts of
`help_texts.py` into a tree of commands; the classes print it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.core
from rich.text import Text

from metric_pipelines.cli.help_entry import Both, Help
from metric_pipelines.cli.help_texts import HELP, TYPERS_OWN
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.texts import Lang

PROGRAM = "metric-pipelines"

# Typer does not name the types of its contexts, commands and parameters in public, so they are Any here.
Node = Any
Parameter = Any


class Command(typer.core.TyperCommand):
    """A command with our help page."""

    def get_help(self, ctx: Any) -> str:
        return page(ctx.find_root().obj, self, ctx)


class Group(typer.core.TyperGroup):
    """A group of commands with our help page."""

    def get_help(self, ctx: Any) -> str:
        return page(ctx.find_root().obj, self, ctx)


def translated(root: typer.core.TyperGroup, lang: Lang) -> typer.core.TyperGroup:
    """Puts the texts of a language into a tree of commands.

    Raises: KeyError for a command or parameter without a text.
    """
    for path, command in commands_of(root):
        texts = HELP[path]
        command.help = _of(texts.short, lang)
        for parameter in command.params:
            both = TYPERS_OWN.get(parameter.name) or texts.parameters[parameter.name]
            parameter.help = _of(both, lang)
    return root


def commands_of(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every command below (and with) a node, by what is typed after the program's name."""
    yield path, node
    for name, command in getattr(node, "commands", {}).items():
        yield from commands_of(command, f"{path} {name}".strip())


def page(screen: Screen, command: Node, ctx: Any) -> str:
    """The help page as a text, with colours where stdout is a terminal."""
    path = ctx.command_path.removeprefix(PROGRAM).strip()
    with screen.out.capture() as captured:
        _page(screen, command, ctx, path, HELP[path])
    lines = captured.get().rstrip("\n")
    return lines if screen.out.is_terminal else "\n".join(line.rstrip() for line in lines.splitlines())


def _page(screen: Screen, command: Node, ctx: Any, path: str, texts: Help) -> None:
    say = screen.say
    screen.line(Text.assemble((say("help.usage"), "heading"), "  ", (_usage(command, path), "command")))
    screen.blank()
    screen.block(_of(texts.short, screen.lang))
    more = _of(texts.more, screen.lang).replace("`", "")  # those are for the page in docs/reference
    if more:
        screen.blank()
        screen.block(Text(more, style="note"))
    own = [p for p in command.get_params(ctx) if path or p.name != "help"]
    _parameters(screen, say("help.arguments"), [p for p in own if p.param_type_name == "argument"])
    if path:
        _parameters(screen, say("help.options"), [p for p in own if p.param_type_name == "option"])
    _commands(screen, command)
    _examples(screen, texts)
    everywhere = ctx.find_root().command.get_params(ctx.find_root())
    shown = everywhere if not path else [p for p in everywhere if p.name in ("lang", "center", "debug")]
    _parameters(screen, say("help.global"), shown)


def _usage(command: Node, path: str) -> str:
    arguments = [argument_name(p) for p in command.params if p.param_type_name == "argument"]
    tail = ["COMMAND"] if hasattr(command, "commands") else []
    return " ".join([PROGRAM, *([path] if path else []), *tail, *arguments, "[OPTIONS]"])


def argument_name(parameter: Parameter) -> str:
    """`METRIC`, or `[QUERY]` where it may be left out."""
    name = str(parameter.metavar or parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def option_name(parameter: Parameter) -> str:
    """`--by DIM`, or `--json` for a switch."""
    names = ", ".join(sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {parameter.metavar or parameter.name.upper()}"


def default_of(parameter: Parameter) -> str:
    """What holds where an option is not given, where that says something."""
    return (
        ""
        if parameter.default in (None, False, True, [], ()) or callable(parameter.default)
        else str(parameter.default)
    )


def _parameters(screen: Screen, title: str, parameters: list[Parameter]) -> None:
    rows = [(_name(p), _described(screen, p)) for p in parameters if not p.hidden]
    if rows:
        screen.heading(title)
        screen.pairs(rows)


def _name(parameter: Parameter) -> str:
    return argument_name(parameter) if parameter.param_type_name == "argument" else option_name(parameter)


def _described(screen: Screen, parameter: Parameter) -> Text:
    default = default_of(parameter)
    text = _of(TYPERS_OWN["help"], screen.lang) if parameter.name == "help" else str(parameter.help or "")
    return Text.assemble(text, (f"  {screen.say('help.default', value=default)}" if default else "", "note"))


def _commands(screen: Screen, command: Node) -> None:
    found = [(name, sub) for name, sub in getattr(command, "commands", {}).items() if not sub.hidden]
    if found:
        screen.heading(screen.say("help.commands"))
        screen.pairs([(name, str(sub.help)) for name, sub in found])


def _examples(screen: Screen, texts: Help) -> None:
    if texts.examples:
        screen.heading(screen.say("help.examples"))
        for line, what in texts.examples:
            screen.block(Text.assemble((line, "command")))
            screen.block(Text(f"    {_of(what, screen.lang)}", style="note"))


def _of(both: Both, lang: Lang) -> str:
    return both[1] if lang == "zh" else both[0]
