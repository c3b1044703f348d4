"""Sends an alert to all channels at once: once a run and channel, and none holds up the others.

What became of it is noted in the ledger, one mark a channel: claimed before it is sent, so that a run that
dies in between does not send twice.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Literal

from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.errors import InternalError, MetricPipelinesError, NotDeliveredError
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.notifications.alert import Alert, meant_for
from metric_pipelines.notifications.message import compose
from metric_pipelines.notifications.texts import Lang

DEADLINE = 30.0
"""Seconds that channels are waited for; a slower one may still take it, and is noted as not having."""
NOTED = 200

State = Literal["sending", "taken", "not taken"]
TAKEN: State = "taken"


@dataclass(frozen=True)
class Delivery:
    """What became of a message to a channel; `error` where it was not taken."""

    channel: str
    service: str = ""
    error: MetricPipelinesError | None = None


@dataclass(frozen=True)
class Noted:
    """The last alert to a channel, as the ledger keeps it."""

    run_id: str
    state: str
    at: datetime
    reason: str = ""


def last_alert(ledger: Ledger, channel: str) -> Noted | None:
    """The last alert to a channel."""
    parts = (ledger.noted(_mark(channel)) or "").split("|", 3)
    if len(parts) < 4:
        return None
    return Noted(parts[0], parts[1], datetime.fromisoformat(parts[2]), parts[3])


def told_of(ledger: Ledger, channels: Iterable[str], run_id: str) -> dict[str, Noted]:
    """What became of the alert of a run, by channel; without those that had none."""
    last = {name: last_alert(ledger, name) for name in channels}
    return {name: one for name, one in last.items() if one is not None and one.run_id == run_id}


def send_once(
    alert: Alert,
    channels: Iterable[Channel],
    lang: Lang,
    environment: Mapping[str, str],
    ledger: Ledger,
) -> list[Delivery]:
    """Sends a run's alert to those it is meant for and that were not told of this run yet."""
    chosen: dict[str, tuple[Channel, Alert]] = {}
    for channel in channels:
        told, meant = last_alert(ledger, channel.name), meant_for(alert, channel)
        if meant is not None and (told is None or told.run_id != alert.run_id):
            chosen[channel.name] = channel, meant
            _note(ledger, channel.name, alert.run_id, "sending")
    found = send(list(chosen.values()), lang, environment)
    for delivery in found:
        state: State = TAKEN if delivery.error is None else "not taken"
        _note(ledger, delivery.channel, alert.run_id, state, delivery.error.found if delivery.error else "")
    return found


def send(
    chosen: Iterable[tuple[Channel, Alert]],
    lang: Lang,
    environment: Mapping[str, str],
    seconds: float = DEADLINE,
) -> list[Delivery]:
    """Sends to each channel in a thread of its own, and waits for all, but not for ever."""
    answers: SimpleQueue[Delivery] = SimpleQueue()
    waiting = {}
    for channel, alert in chosen:
        context = contextvars.copy_context()
        work = threading.Thread(
            target=context.run, args=(_tell, channel, alert, lang, environment, answers), daemon=True
        )
        waiting[channel.name] = work
        work.start()
    order, found, until = list(waiting), {}, monotonic() + seconds
    while waiting:
        try:
            delivery = answers.get(timeout=max(0.0, until - monotonic()))
        except Empty:
            break
        waiting.pop(delivery.channel)
        found[delivery.channel] = delivery
    for name in waiting:
        where = f"alerts/{name}.yaml"
        late = NotDeliveredError(where, f"no answer within {seconds:.0f} seconds", "a channel that answers")
        found[name] = Delivery(name, error=late)
    return [found[name] for name in order]


def _tell(
    channel: Channel,
    alert: Alert,
    lang: Lang,
    environment: Mapping[str, str],
    answers: SimpleQueue[Delivery],
) -> None:
    """One channel, in its own thread: nothing that goes wrong here leaves it."""
    service = ""
    try:
        # Late: Apprise takes 0.3 s, and most refreshes have nothing to tell.
        from metric_pipelines.notifications.apprise_channel import deliver, open_channel

        opened = open_channel(channel, environment)
        service = opened.service
        said = channel.language or lang
        deliver(opened, compose(alert, said, markdown=opened.markdown, most_bytes=opened.most_bytes))
    except MetricPipelinesError as error:
        answers.put(Delivery(channel.name, service, error))
    except Exception as error:  # noqa: BLE001 (the edge of a thread: a fault here must not stop the others)
        fault = InternalError(f"alerts/{channel.name}.yaml", f"{type(error).__name__} while sending")
        answers.put(Delivery(channel.name, service, fault))
    else:
        answers.put(Delivery(channel.name, service))


def _mark(channel: str) -> str:
    return f"alert/{channel}"


def _note(ledger: Ledger, channel: str, run_id: str, state: State, reason: str = "") -> None:
    ledger.note(_mark(channel), f"{run_id}|{state}|{datetime.now(UTC):%Y-%m-%dT%H:%M:%S%z}|{reason}"[:NOTED])
