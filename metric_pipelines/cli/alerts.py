"""`alerts list` and `alerts test`: the channels that alerts go to, and whether each takes a message."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from metric_pipelines.cli.opening import main_metric, workshop
from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.channels import variables
from metric_pipelines.errors import DefinitionError, MetricPipelinesError, UsageError
from metric_pipelines.ledger.ledger import Ledger, now
from metric_pipelines.notifications.alert import Alert, Cause
from metric_pipelines.notifications.apprise_channel import open_channel
from metric_pipelines.notifications.secrets import missing
from metric_pipelines.notifications.sending import Delivery, last_alert, send
from metric_pipelines.publication.causes import affected, named
from metric_pipelines.settings import Settings


def listed(screen: Screen, settings: Settings, *, as_json: bool) -> None:
    """Prints the channels: what they are, whether they can be used, and their last alert."""
    shop = workshop(settings)
    rows = [plain(shop.center, channel, os.environ, shop.ledger) for channel in _all(shop.center)]
    if as_json:
        screen.json({"channels": rows})
        return
    say = screen.say
    screen.title(say("alerts.title", center=shop.center.settings.label.of(screen.lang)))
    if not rows:
        screen.blank()
        screen.block(say("alerts.none", folder=near(str(shop.center.folder / "alerts"))))
    for row in rows:
        screen.blank()
        style = "bad" if row["problem"] else "good"
        state = say("alerts.unusable" if row["problem"] else "alerts.usable")
        screen.line(Text.assemble((row["name"], "title"), "  ", (state, style)))
        screen.pairs(_facts(screen, row))
    screen.next_steps([("metric-pipelines alerts test", say("alerts.try"))] if rows else [])


def plain(center: Center, channel: Channel, environment: Mapping[str, str], ledger: Ledger) -> dict[str, Any]:
    """A channel as plain values, without its secrets."""
    service, masked, problem = "", channel.url.partition("://")[0] + "://...", ""
    try:
        opened = open_channel(channel, environment)
        service, masked = opened.service, opened.masked
    except MetricPipelinesError as error:
        problem = error.found
    last = last_alert(ledger, channel.name)
    return {
        "name": channel.name,
        "service": service,
        "url": masked,
        "language": channel.language or center.settings.language,
        "on": list(channel.on),
        "departments": list(channel.departments),
        "owners": list(channel.owners),
        "tier": channel.tier,
        "allow_private": channel.allow_private,
        "variables": variables(channel.url),
        "missing": missing(channel, environment),
        "problem": problem,
        "last": None
        if last is None
        else {"run_id": last.run_id, "state": last.state, "at": last.at.isoformat(), "reason": last.reason},
        "file": center.where(f"alerts/{channel.name}"),
    }


def _facts(screen: Screen, row: Mapping[str, Any]) -> list[tuple[str, str | Text]]:
    say = screen.say
    narrow = [*row["departments"], *row["owners"], *([f"1 - {row['tier']}"] if row["tier"] < 3 else [])]
    facts: list[tuple[str, str | Text]] = [
        (say("alerts.service"), " ".join(part for part in (row["service"], row["url"]) if part)),
        (say("alerts.on"), ", ".join(say(f"alerts.on.{event}") for event in row["on"])),
        (say("alerts.language"), row["language"]),
    ]
    facts += [(say("alerts.only"), ", ".join(narrow))] if narrow else []
    facts += [(say("alerts.private"), say("alerts.allowed"))] if row["allow_private"] else []
    facts += [(say("alerts.problem"), Text(row["problem"], style="bad"))] if row["problem"] else []
    if row["last"]:
        state = say(f"alerts.state.{row['last']['state'].replace(' ', '_')}")
        facts.append((say("alerts.last"), f"{row['last']['at']}  {state}  {row['last']['reason']}".rstrip()))
    return [*facts, (say("show.file"), near(row["file"]))]


def test(screen: Screen, settings: Settings, name: str | None, *, as_json: bool) -> int:
    """Sends a sample to one channel or all; the exit code is the worst of what went wrong.

    Raises: UsageError for an unknown channel, DefinitionError where there is none.
    """
    shop = workshop(settings)
    chosen = _chosen(shop.center, name)
    alert = sample(shop.center, settings)
    found = send([(channel, alert) for channel in chosen], shop.center.settings.language, dict(os.environ))
    if as_json:
        screen.json({"channels": [_plain_delivery(one) for one in found]})
    else:
        for one in found:
            _told(screen, one)
    return max((one.error.exit_code for one in found if one.error is not None), default=0)


def _told(screen: Screen, one: Delivery) -> None:
    say, error = screen.say, one.error
    service = f" ({one.service})" if one.service else ""
    if error is None:
        screen.line(Text("✓ " + say("alerts.taken", channel=one.channel + service), style="good"))
        return
    screen.line(Text("✗ " + say("alerts.not_taken", channel=one.channel + service), style="bad"))
    screen.block(Text(near(error.found)))
    for label, text in (("expected", error.expected), ("remedy", error.remedy)):
        if text:
            screen.block(Text.assemble((say(f"error.{label}"), "label"), f"  {text}"))


def _plain_delivery(one: Delivery) -> dict[str, Any]:
    error = one.error
    return {
        "name": one.channel,
        "service": one.service,
        "taken": error is None,
        "error": None if error is None else type(error).__name__,
        "found": error.found if error else "",
        "expected": error.expected if error else "",
        "remedy": error.remedy if error else "",
    }


def _all(center: Center) -> list[Channel]:
    return [center.channels[name] for name in sorted(center.channels)]


def _chosen(center: Center, name: str | None) -> list[Channel]:
    if name is not None:
        if name not in center.channels:
            raise UsageError.unknown_name("alerts", "channel", name, center.channels)
        return [center.channels[name]]
    if not center.channels:
        folder = near(str(center.folder / "alerts"))
        raise DefinitionError(
            folder, "no channel", "one file a channel, such as ops_mail.yaml", "see docs/alerts.md"
        )
    return _all(center)


def sample(center: Center, settings: Settings) -> Alert:
    """An alert as the center's main metric would give it, marked as a test."""
    key = f"metrics/{main_metric(center)}"
    month = center.settings.partitions.start
    label, owners = named(center, key)
    own = affected(center, key, (month,))
    cause = Cause(key, label, "withheld", ((month, label),), owners, now(), "sample", own=own)
    return Alert(
        center.settings.label,
        "",
        f"{settings.dagster_address}/runs",
        center.settings.time_zone,
        (cause,),
        sample=True,
    )
