"""An alert in words: a title and a body, in English or Chinese, as Markdown or as plain text.

Only what mail, Slack, Teams, DingTalk, Feishu and WeCom all show: bold, lists, links. What comes from
data or errors cannot make markup, nor call anybody (`@all`, `<at>`, `<!channel>`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from metric_pipelines.dictionary.months import spans
from metric_pipelines.notifications.alert import Affected, Alert, Cause
from metric_pipelines.notifications.texts import Lang, say

CAUSES = 6
NAMED = 6
REASON = 400
_PLAIN = str.maketrans("<>*[]`@", "＜＞＊［］｀＠")


@dataclass(frozen=True)
class Message:
    """What is sent."""

    title: str
    body: str


def compose(alert: Alert, lang: Lang, *, markdown: bool, most_bytes: int) -> Message:
    """The message of an alert, in at most so many bytes: fewer root causes are told where it would be longer,
    and at last it is cut.
    """
    writer = _Writer(alert, lang, markdown)
    title = _title(alert, lang)
    room = most_bytes - len(title.encode()) - 2
    for told in range(min(CAUSES, len(alert.causes)), 0, -1):
        body = writer.body(told)
        if len(body.encode()) <= room:
            return Message(title, body)
    return Message(title, _cut(writer.body(min(1, len(alert.causes))), room))


def _cut(text: str, room: int) -> str:
    raw = text.encode()
    return text if len(raw) <= room else raw[: max(0, room - 3)].decode(errors="ignore") + "…"


def _title(alert: Alert, lang: Lang) -> str:
    center = " ".join(alert.center.of(lang).split())
    if alert.sample:
        return say(lang, "title.sample", center=center)
    if not alert.causes:
        return say(lang, "title.failed", center=center)
    blocking = [cause for cause in alert.causes if cause.is_blocking]
    n = len({metric.name for cause in blocking or alert.causes for metric in cause.metrics})
    kind = "data" if not n else ("not_published" if blocking else "not_updated")
    return say(lang, f"title.{kind}", center=center, n=n)


class _Writer:
    """Writes the body of one alert."""

    def __init__(self, alert: Alert, lang: Lang, markdown: bool) -> None:
        self.alert, self.lang, self.markdown = alert, lang, markdown
        self.zone = ZoneInfo(alert.time_zone)

    def body(self, told: int) -> str:
        """All parts, with an empty line between them."""
        parts = [self.say("sample")] if self.alert.sample else []
        if self.alert.error:
            parts.append(f"{self.bold(self.say('error'))}{self.say('colon')}{self.free(self.alert.error)}")
        parts += [self.cause(cause) for cause in self.alert.causes[:told]]
        rest = len(self.alert.causes) - told
        parts += [self.say("more_causes", n=rest)] if rest > 0 else []
        parts += [self.steps(), self.link()]
        return "\n\n".join(part for part in parts if part)

    def cause(self, cause: Cause) -> str:
        """One root cause: a heading and a list."""
        months = self.months(month for month, _ in cause.reasons)
        name = self.free(cause.label.of(self.lang))
        head = f"{self.bold(name)} ({cause.asset}){' ' + months if months else ''}"
        head += f"{self.say('colon')}{self.say(f'state.{cause.state}')}"
        return f"{head}\n\n" + "\n".join(f"- {line}" for line in self.lines(cause))

    def lines(self, cause: Cause) -> Iterator[str]:
        """What is said of a root cause."""
        colon = self.say("colon")
        if cause.since is not None:
            run = self.say("since.run", at=self.at(cause.since), run=cause.since_run[:8])
            yield f"{self.say('since')}{colon}{run}"
        if cause.before is not None:
            yield self.say("before", at=self.at(cause.before))
        for reason in self.reasons(cause):
            yield f"{self.say('cause')}{colon}{reason}"
        yield f"{self.say('owners')}{colon}{self.owners(cause)}"
        if cause.blocked:
            n, names = len(cause.blocked), self.names(cause.blocked)
            what = self.say("blocks" if cause.is_blocking else "touches", n=n)
            months = self.months(m for metric in cause.blocked for m in metric.months)
            who = {o.business: 0 for o in (metric.owners for metric in cause.blocked)}
            theirs = self.say("their_owners", who=self.listed(list(who)))
            where = f" ({months})" if months else ""
            yield f"{what}{colon}{names}{where}{self.say('semicolon')}{theirs}"

    def reasons(self, cause: Cause) -> list[str]:
        """Each reason once; with its month where there are several."""
        if self.alert.sample:
            return [self.say("sample.reason")]
        if cause.state in ("waiting", "missing"):
            return [self.say(f"cause.{cause.state}")]
        each = {reason.of(self.lang): month for month, reason in reversed(cause.reasons)}
        if len(each) <= 1:
            return [self.free(reason) for reason in each]
        told = [f"{month} {self.free(reason)}".strip() for reason, month in reversed(each.items())]
        return [*told[:3], *([self.more(told, 3).strip()] if len(told) > 3 else [])]

    def owners(self, cause: Cause) -> str:
        """Both owners of the asset itself."""
        who = {"business": cause.owners.business, "technical": cause.owners.technical}
        return self.say("comma").join(self.say(f"owner.{kind}", who=name) for kind, name in who.items())

    def names(self, metrics: Iterable[Affected]) -> str:
        """The first metrics by what people call them, those of the highest tier first."""
        ordered = sorted(metrics, key=lambda metric: metric.tier)
        return self.listed([self.free(metric.label.of(self.lang)) for metric in ordered])

    def listed(self, names: list[str]) -> str:
        """Names, cut after the first."""
        return self.say("comma").join(names[:NAMED]) + self.more(names, NAMED)

    def more(self, names: list[str], most: int) -> str:
        rest = len(names) - most
        return self.say("more", n=rest, total=len(names)) if rest > 0 else ""

    def steps(self) -> str:
        """What to type next."""
        lines = [f"- {self.bold(command)}{self.say('colon')}{what}" for command, what in self.commands()]
        return f"{self.bold(self.say('next'))}\n\n" + "\n".join(lines)

    def commands(self) -> Iterator[tuple[str, str]]:
        """The commands that fit what happened."""
        states = {cause.state for cause in self.alert.causes}
        first = next((c.own for c in self.alert.causes if c.state == "withheld" and c.own), None)
        if first is not None:
            yield f"metric-pipelines show {first.name}", self.say("next.show")
        if "missing" in states:
            names = [c.asset for c in self.alert.causes if c.state == "missing"][:NAMED]
            yield (
                f"metric-pipelines refresh --select {','.join(f'+{name}' for name in names)}",
                self.say("next.upstream"),
            )
        what = "refresh" if "withheld" in states else ("retry" if "unavailable" in states else "again")
        yield "metric-pipelines refresh", self.say(f"next.{what}")
        yield "metric-pipelines health", self.say("next.health")

    def link(self) -> str:
        """The run in Dagster; its address is seen too, for what shows the text of a link alone."""
        if not self.alert.link:
            return ""
        shown = f"[{self.alert.link}]({self.alert.link})" if self.markdown else self.alert.link
        return f"{self.say('link')}{self.say('colon')}{shown}"

    def months(self, months: Iterable[str]) -> str:
        """Months in words."""
        found = spans(sorted({month for month in months if month}))
        said = [a if a == b else self.say("to", first=a, last=b) for a, b in found]
        return self.say("comma").join(said)

    def at(self, moment: datetime) -> str:
        """A moment in the center's zone; one without a zone is in UTC, as the ledger keeps it."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return f"{aware.astimezone(self.zone):%Y-%m-%d %H:%M} ({self.zone.key})"

    def free(self, text: str) -> str:
        """Somebody else's words in one line, without the power of markup."""
        line = " ".join(text.split())
        line = line if len(line) <= REASON else f"{line[:REASON]}…"
        return line.translate(_PLAIN) if self.markdown else line

    def bold(self, text: str) -> str:
        return f"**{text}**" if self.markdown else text

    def say(self, key: str, **values: object) -> str:
        return say(self.lang, key, **values)
