"""What Slack, Teams, DingTalk, Feishu and WeCom are sent, as it goes over the line, against their documented
forms.

Each service is called at its own address by Apprise as ever; the environment's proxy is a server of ours that
ends TLS (`peers.proxied`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import NotDeliveredError
from metric_pipelines.notifications.alert import Alert
from metric_pipelines.notifications.sending import Delivery, send
from metric_pipelines_tests.notifications.conftest import LINK, cause, channel
from metric_pipelines_tests.notifications.peers import Request, Webhook, proxied

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q1"
TEAMS = (
    "https://prod-01.eastus.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual"
    "/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0"
    "&sig=KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A"
)
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=566cc69da782ec33b6d9c2a2ecb4eb2f"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/c2f1b0a4-1234-4d6e-9f00-7a6f5e4d3c2b"
LARK = "https://open.larksuite.com/open-apis/bot/v2/hook/c2f1b0a4-1234-4d6e-9f00-7a6f5e4d3c2b"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7123-4bc4-97a0-0ec2sifa5aaa"
HOSTS = (
    "hooks.slack.com",
    "prod-01.eastus.logic.azure.com",
    "oapi.dingtalk.com",
    "open.feishu.cn",
    "open.larksuite.com",
    "qyapi.weixin.qq.com",
)
ALL = {
    "slack": SLACK,
    "teams": TEAMS,
    "dingtalk": DINGTALK,
    "feishu": FEISHU,
    "lark": LARK,
    "wecom": WECOM,
}

Sent = Callable[..., tuple[Delivery, Request]]


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    with proxied(Webhook(), monkeypatch, tmp_path, *HOSTS) as webhook:
        yield webhook


@pytest.fixture
def sent(peer: Webhook, alert: Alert) -> Sent:
    """Sends the alert to a webhook whose address is in the environment; what came of it and over the line."""

    def sending(url: str, template: str = "${WEBHOOK}", **keys: Any) -> tuple[Delivery, Request]:
        if url == SLACK and peer.status == 200:
            peer.answer = b"ok"
        [delivery] = send([(channel(template, **keys), alert)], "zh", {"WEBHOOK": url})
        [request] = peer.requests
        return delivery, request

    return sending


@pytest.mark.parametrize("service", ALL)
def test_each_takes_it_at_its_own_address(sent: Sent, service: str) -> None:
    delivery, request = sent(ALL[service])
    assert delivery.error is None
    assert request.host in HOSTS
    assert request.headers["Content-Type"].startswith("application/json")
    text = json.dumps(request.json, ensure_ascii=False)
    for part in ("零售：3 个指标未发布", "净销售额", "暂缓发布", "observed 5,017", "sales@example.com", LINK):
        assert part in text
    assert "github" not in text  # no picture from elsewhere


def test_slack_gets_an_attachment_in_its_own_markup(sent: Sent) -> None:
    # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    # https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
    _, request = sent(SLACK)
    assert request.path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q1"
    assert request.json["mrkdwn"] is True
    [attachment] = request.json["attachments"]
    assert attachment["title"] == "零售：3 个指标未发布"
    assert attachment["color"].startswith("#")
    assert "mrkdwn_in" not in attachment or "text" in attachment["mrkdwn_in"]
    assert attachment["text"].startswith("*净销售额* (metrics/net_revenue) 2024-02")
    assert f"<{LINK}|{LINK}>" in attachment["text"]
    assert "**" not in attachment["text"]


def test_teams_gets_an_adaptive_card(sent: Sent) -> None:
    # https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
    # https://adaptivecards.io/explorer/AdaptiveCard.html
    _, request = sent(TEAMS)
    assert request.path == "/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/invoke"
    assert request.query["sig"] == ["KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A"]
    assert request.json["type"] == "message"
    [attachment] = request.json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard"
    assert card["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json"
    assert [block["type"] for block in card["body"]] == ["TextBlock", "TextBlock"]
    assert card["body"][0]["text"] == "零售：3 个指标未发布"
    assert card["body"][1]["wrap"] is True
    assert f"[{LINK}]({LINK})" in card["body"][1]["text"]
    assert len(request.body) < 28_000


def test_dingtalk_gets_markdown(sent: Sent) -> None:
    # https://open.dingtalk.com/document/robots/custom-robot-access
    _, request = sent(DINGTALK)
    assert request.path == "/robot/send"
    assert request.query == {"access_token": ["566cc69da782ec33b6d9c2a2ecb4eb2f"]}
    assert set(request.json) == {"msgtype", "markdown", "at"}
    assert request.json["msgtype"] == "markdown"
    assert set(request.json["markdown"]) == {"title", "text"}
    assert request.json["markdown"]["title"] == "零售：3 个指标未发布"
    assert request.json["markdown"]["text"].startswith("### 零售：3 个指标未发布\n\n**净销售额**")
    assert request.json["at"]["isAtAll"] is False


def test_dingtalk_is_signed_where_there_is_a_secret(sent: Sent) -> None:
    _, request = sent("SECabc123", "dingtalk://${WEBHOOK}@566cc69da782ec33b6d9c2a2ecb4eb2f")
    [stamp], [sign] = request.query["timestamp"], request.query["sign"]  # parsed, so decoded once
    digest = hmac.new(b"SECabc123", f"{stamp}\nSECabc123".encode(), hashlib.sha256).digest()
    assert sign == base64.b64encode(digest).decode()


@pytest.mark.parametrize("url", [FEISHU, LARK])
def test_feishu_gets_a_card(sent: Sent, url: str) -> None:
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    _, request = sent(url)
    assert request.path.rstrip("/").endswith("/hook/c2f1b0a4-1234-4d6e-9f00-7a6f5e4d3c2b")
    assert request.json["msg_type"] == "interactive"
    card = request.json["card"]
    assert card["header"]["title"] == {"tag": "plain_text", "content": "零售：3 个指标未发布"}
    assert card["header"]["template"] == "red"
    [element] = card["elements"]
    assert element["tag"] == "div"
    assert element["text"]["tag"] == "lark_md"
    assert element["text"]["content"].startswith("**净销售额**")
    assert len(request.body) < 20_000


def test_wecom_gets_markdown(sent: Sent) -> None:
    # https://developer.work.weixin.qq.com/document/path/91770
    _, request = sent(WECOM)
    assert request.path == "/cgi-bin/webhook/send"
    assert request.query == {"key": ["693a91f6-7123-4bc4-97a0-0ec2sifa5aaa"]}
    assert set(request.json) == {"msgtype", "markdown"}
    assert request.json["msgtype"] == "markdown"
    assert request.json["markdown"]["content"].startswith("### 零售：3 个指标未发布")
    assert len(request.json["markdown"]["content"].encode()) <= 4096


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}),
        ("lark", {"code": 19024, "msg": "Key Words Not Found"}),
    ],
)
def test_a_refusal_that_comes_as_200_is_not_taken_for_a_delivery(
    peer: Webhook, sent: Sent, service: str, answer: dict[str, Any]
) -> None:
    peer.answer = json.dumps(answer).encode()
    delivery, _ = sent(ALL[service])
    assert isinstance(delivery.error, NotDeliveredError)
    assert str(next(iter(answer.values()))) in delivery.error.found
    assert list(answer.values())[1] in delivery.error.found


@pytest.mark.parametrize("service", ALL)
def test_a_refusal_says_why_and_no_secret(peer: Webhook, sent: Sent, service: str) -> None:
    peer.status, peer.answer = 403, b"invalid_token"
    delivery, _ = sent(ALL[service])
    assert delivery.error is not None
    assert "403" in delivery.error.found
    assert "invalid_token" in delivery.error.found
    for secret in ("TIiajkdnlazkcOXrIdevi7Q1", "KODuebWb", "566cc69d", "c2f1b0a4", "693a91f6"):
        assert secret not in str(delivery.error)


def test_text_can_be_asked_for(sent: Sent) -> None:
    _, request = sent("693a91f6-7123", "wecombot://${WEBHOOK}/?format=text")
    assert request.json["msgtype"] == "text"
    assert "**" not in request.json["text"]["content"]


@pytest.mark.parametrize("service", ALL)
def test_values_from_data_call_nobody(peer: Webhook, alert: Alert, service: str) -> None:
    evil = "value <at id=all></at> @all <!channel> [x](http://evil.example) **bold**"
    bad = replace(alert, causes=(cause(reasons=(("2024-02", Text(en=evil)),)),))
    send([(Channel(name="ops", url="${WEBHOOK}"), bad)], "en", {"WEBHOOK": ALL[service]})
    text = json.dumps(peer.requests[0].json, ensure_ascii=False)
    assert not [
        x for x in ("<at", "@all", "<!channel", "](http://evil", "|http://evil", "**bold") if x in text
    ]
    assert "bold" in text
