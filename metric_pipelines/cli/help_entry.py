"""What `--help` says of one command, in English and Chinese; the texts stand in `help_texts.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

Both = tuple[str, str]


@dataclass(frozen=True)
class Help:
    """A command: one line, then what else there is to know, its parameters by name, and examples."""

    short: Both
    more: Both = ("", "")
    parameters: dict[str, Both] = field(default_factory=dict)
    examples: tuple[tuple[str, Both], ...] = ()


JSON: Both = ("Print JSON, for programs.", "输出 JSON，供程序使用。")
