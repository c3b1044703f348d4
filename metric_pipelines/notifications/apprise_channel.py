"""All contact with Apprise: a channel opened, and a message handed to it.

Two robots are ours: DingTalk and WeCom answer 200 even where they refuse, and say so in `errcode`, which
Apprise does not read; it also encodes DingTalk's signature twice, and knows WeCom's plain text only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType
from apprise.manager_plugins import NotificationManager
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.wecombot import NotifyWeComBot

from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.errors import DefinitionError, MetricPipelinesError, NotDeliveredError
from metric_pipelines.notifications.addresses import behind_proxy, guarded, refuse_host
from metric_pipelines.notifications.message import Message
from metric_pipelines.notifications.secrets import filled, redacted, secrets_of

LOG = logging.getLogger("apprise")
LOG.propagate = False  # it tells tokens; what it says is taken from its results, and redacted
LOG.addHandler(logging.NullHandler())
LOG.setLevel(logging.DEBUG)  # why a connection failed, and what was answered, it says there

ASSET = AppriseAsset(
    app_id="metric_pipelines",
    app_desc="metric_pipelines",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    http_redirects=False,  # a webhook answers; where it sends us elsewhere, that is a refusal
)
MAIL = ("mailto", "mailtos")
MOST_BYTES = 3500
"""Of a message: WeCom takes 4,096 bytes, Teams and Slack more."""
MOST_BYTES_OF_MAIL = 20_000
WHOLE_CARDS = ("workflow", "workflows")
"""Apprise's 1,000 characters are for its splitting; the card itself takes 28 KB."""

WHY = re.compile(r"[Ff]ail|[Ee]rror|[Ee]xception|refused|reject|HTTP \d|Response Details")
"""What Apprise logs where something went wrong."""
CAUSED = re.compile(
    r"^HTTPS?ConnectionPool.*?(\[Errno [^\"')]*|Read timed out|certificate verify failed[^\"'(]*).*$"
)
"""requests' account of a failed connection; what is wanted of it is its end."""

NATIVE = (
    (re.compile(r"https://oapi\.dingtalk\.com/robot/send\?access_token=([A-Za-z0-9]+)"), "dingtalk"),
    (re.compile(r"https://open\.feishu\.cn/open-apis/bot/v2/hook/([A-Za-z0-9_-]+)/?"), "feishu"),
    (re.compile(r"https://open\.larksuite\.com/open-apis/bot/v2/hook/([A-Za-z0-9_-]+)/?"), "lark"),
)
"""Addresses that robots are given as, where Apprise knows only a scheme of its own."""


class DingTalk(NotifyDingTalk):  # type: ignore[misc]  # Apprise is typed in parts only
    """A DingTalk robot (钉钉): open.dingtalk.com/document/robots/custom-robot-access."""

    def send(self, body: str, title: str = "", body_format: Any = None, **_: Any) -> bool:
        """Posts Markdown, or text; signed where there is a secret."""
        if body_format == NotifyFormat.MARKDOWN:
            content: dict[str, Any] = {"title": title, "text": f"### {title}\n\n{body}"}
            payload = {"msgtype": "markdown", "markdown": content}
        else:
            payload = {"msgtype": "text", "text": {"content": f"{title}\n{body}"}}
        payload["at"] = {"atMobiles": self.targets, "isAtAll": False}
        return _posted(self, self.notify_url.format(token=self.token), payload, self._signature())

    def _signature(self) -> dict[str, str]:
        """Base64 of HMAC-SHA256 over time and secret; encoded once, by who makes the URL."""
        if not self.secret:
            return {}
        stamp = str(round(time.time() * 1000))
        digest = hmac.new(self.secret.encode(), f"{stamp}\n{self.secret}".encode(), hashlib.sha256).digest()
        return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


class WeCom(NotifyWeComBot):  # type: ignore[misc]  # as above
    """A WeCom robot (企业微信): developer.work.weixin.qq.com/document/path/91770."""

    notify_format = (NotifyFormat.MARKDOWN, NotifyFormat.TEXT)
    body_maxlen = 4096
    title_maxlen = 250
    most_bytes_of_text = 2000

    def send(self, body: str, title: str = "", body_format: Any = None, **_: Any) -> bool:
        """Posts Markdown, or text."""
        if body_format == NotifyFormat.MARKDOWN:
            payload = {"msgtype": "markdown", "markdown": {"content": f"### {title}\n\n{body}"}}
        else:
            payload = {"msgtype": "text", "text": {"content": f"{title}\n{body}"}}
        return _posted(self, self.api_url, payload, {})


def _posted(plugin: NotifyBase, url: str, payload: dict[str, Any], params: dict[str, str]) -> bool:
    """Whether a robot took it: 200, and `errcode` 0."""
    try:
        answer = requests.post(
            url,
            params=params,
            data=json.dumps(payload, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
            verify=plugin.verify_certificate,
            timeout=plugin.request_timeout,
            allow_redirects=plugin.redirects,
        )
        said = answer.json() if answer.content.startswith(b"{") else {}
    except requests.RequestException as error:
        LOG.debug("Socket Exception: %s", error)
        return False
    if answer.status_code != requests.codes.ok or said.get("errcode"):
        why = f"errcode {said.get('errcode')}, {said.get('errmsg')}" if said else answer.text[:200]
        LOG.warning("HTTP %s: %s", answer.status_code, why)
        return False
    return True


_PLUGINS = NotificationManager()
for _robot in (DingTalk, WeCom):
    _PLUGINS.add(_robot, force=True)


@dataclass(frozen=True)
class OpenChannel:
    """A channel whose URL Apprise understands."""

    channel: Channel
    plugin: NotifyBase
    secrets: tuple[str, ...]

    @property
    def service(self) -> str:
        """What Apprise calls the service: `Slack`, `E-Mail`."""
        return str(self.plugin.service_name)

    @property
    def is_mail(self) -> bool:
        return str(self.plugin.schema) in MAIL

    @property
    def masked(self) -> str:
        """The URL without its secrets, as Apprise masks them."""
        return redacted(str(self.plugin.url(privacy=True)).partition("?")[0], self.secrets)

    @property
    def markdown(self) -> bool:
        """Whether it shows Markdown, or HTML made of it."""
        return self.plugin.resolve_format(NotifyFormat.MARKDOWN) is not NotifyFormat.TEXT

    @property
    def most_bytes(self) -> int:
        """How long a message may be."""
        if self.is_mail:
            return MOST_BYTES_OF_MAIL
        if isinstance(self.plugin, WeCom) and not self.markdown:
            return WeCom.most_bytes_of_text
        whole = str(self.plugin.schema) in WHOLE_CARDS
        return MOST_BYTES if whole else min(MOST_BYTES, int(self.plugin.body_maxlen))


def open_channel(channel: Channel, environment: Mapping[str, str]) -> OpenChannel:
    """The channel with its secrets.

    Raises: EnvironmentBrokenError where a variable is not set, DefinitionError where Apprise cannot use the
    URL.
    """
    url, secrets = filled(channel, environment), tuple(secrets_of(channel, environment))
    for pattern, scheme in NATIVE:
        if found := pattern.match(url):
            url = f"{scheme}://{found[1]}/" + ("?" + url[found.end() + 1 :] if url[found.end() :] else "")
    try:
        plugin = Apprise.instantiate(url, asset=ASSET, suppress_exceptions=False)
    except TypeError as error:  # what Apprise raises for a URL that it understands and cannot use
        said = redacted(str(error), secrets) if secrets else type(error).__name__
        raise _unusable(channel, said) from None
    if plugin is None:
        raise _unusable(channel, "no service that Apprise knows, or a part of it is missing")
    return OpenChannel(channel, plugin, secrets)


def _unusable(channel: Channel, why: str) -> DefinitionError:
    return DefinitionError(
        f"alerts/{channel.name}.yaml",
        f"Apprise cannot use its url: {why}",
        "the form that https://github.com/caronc/apprise/wiki gives for the service",
        "look at the variables it names, too",
    )


def deliver(to: OpenChannel, message: Message) -> None:
    """Hands a message to a channel.

    Raises: NotDeliveredError with the reason, AccessDeniedError where it leads to a private address.
    """
    where = f"alerts/{to.channel.name}.yaml"
    if to.is_mail or to.channel.allow_private:
        _notify(to, message, where)
        return
    with guarded(where) as guard:
        if behind_proxy() and "host" in to.plugin.template_tokens and to.plugin.host:
            refuse_host(guard, str(to.plugin.host))
        try:
            _notify(to, message, where)
        except MetricPipelinesError:
            if guard.refused:
                raise guard.error(guard.refused[0]) from None
            raise


def _notify(to: OpenChannel, message: Message, where: str) -> None:
    apprise = Apprise(asset=ASSET)
    apprise.add(to.plugin)
    result = apprise.notify(
        body=message.body,
        title=message.title,
        notify_type=NotifyType.FAILURE,
        body_format=NotifyFormat.MARKDOWN if to.markdown else NotifyFormat.TEXT,
        log_level=logging.DEBUG,
    )
    if not result:
        said = [str(entry.message) for entry in result.logs()]
        raise NotDeliveredError(
            where,
            f"{to.service} did not take the message: {_reason(said, to.secrets)}",
            "a channel that takes it",
            "metric-pipelines alerts test tries again",
        )


def _reason(said: list[str], secrets: tuple[str, ...]) -> str:
    """What went wrong, of all that Apprise logged: failures and the other side's answer, the most exact
    first, without URLs."""
    short = []
    for line in said:
        if "Payload" in line or not WHY.search(line):
            continue
        line = " ".join(line.replace("Response Details:", "answer:").split())
        line = CAUSED.sub(r"\1", line.removeprefix("Socket Exception: "))
        short.append(redacted(re.sub(r"https?://\S+|with url: \S+", "...", line), secrets)[:300])
    return "; ".join(dict.fromkeys(reversed(short))) or "no reason was given"
