"""Channels are told at once and once a run; none holds up the others, and none learns or tells a secret."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from metric_pipelines.errors import AccessDeniedError, EnvironmentBrokenError, NotDeliveredError
from metric_pipelines.ledger.ledger import Ledger, sqlite_url
from metric_pipelines.notifications.addresses import guarded, is_public
from metric_pipelines.notifications.alert import Alert
from metric_pipelines.notifications.secrets import filled, redacted, secrets_of
from metric_pipelines.notifications.sending import last_alert, send, send_once
from metric_pipelines_tests.notifications.conftest import RUN, channel
from metric_pipelines_tests.notifications.peers import Webhook, listening, mail_server, proxied

PASSWORD = "p@ss/w:d 100%"


def mail_url(port: int) -> str:
    return (
        f"mailto://alerts:${{SMTP_PASSWORD}}@example.com:{port}?smtp=127.0.0.1&mode=insecure"
        "&from=alerts@example.com&to=data@example.com"
    )


def test_a_mail_is_taken_with_the_password_of_the_environment(alert: Alert) -> None:
    with mail_server(PASSWORD) as server:
        [delivery] = send([(channel(mail_url(server.port)), alert)], "zh", {"SMTP_PASSWORD": PASSWORD})
    assert delivery.error is None
    [mail] = server.mails
    assert mail["Subject"] == "零售：3 个指标未发布"
    assert server.recipients == ["data@example.com"]
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "<strong>净销售额</strong>" in page.get_content()
    assert alert.link in plain.get_content()
    assert "metric-pipelines refresh：" in plain.get_content()


def test_a_wrong_password_is_said_and_not_shown(alert: Alert) -> None:
    with mail_server(PASSWORD) as server:
        [delivery] = send([(channel(mail_url(server.port)), alert)], "en", {"SMTP_PASSWORD": "not this one"})
    assert isinstance(delivery.error, NotDeliveredError)
    assert "535" in delivery.error.found
    assert "not this one" not in str(delivery.error)


def test_a_missing_variable_is_named(alert: Alert) -> None:
    [delivery] = send([(channel("slack://${SLACK_TOKENS}"), alert)], "en", {"SLACK_TOKENS": ""})
    assert isinstance(delivery.error, EnvironmentBrokenError)
    assert "SLACK_TOKENS" in delivery.error.found


def test_what_goes_wrong_with_one_does_not_stop_the_others(alert: Alert) -> None:
    slow = threading.Event()
    with listening(Webhook()) as good, listening(Webhook(wait=slow)) as hanging:
        chosen = [
            channel(f"json://127.0.0.1:{hanging.port}/?rto=60", "hanging", allow_private=True),
            channel("json://127.0.0.1:1", "away", allow_private=True),
            channel("nosuch://x", "unknown"),
            channel("json://${NOT_SET}", "unset"),
            channel(f"json://127.0.0.1:{good.port}", "good", allow_private=True),
        ]
        began = time.monotonic()
        found = send([(one, alert) for one in chosen], "en", {}, seconds=2)
        assert time.monotonic() - began < 4
        assert [one.channel for one in found] == [one.name for one in chosen]
        assert [one.error is None for one in found] == [False, False, False, False, True]
        assert found[0].error is not None
        assert "within 2 seconds" in found[0].error.found
        assert len(good.requests) == 1


def test_a_run_is_told_once(alert: Alert, tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    with listening(Webhook()) as peer:
        to = channel(f"json://127.0.0.1:{peer.port}", allow_private=True)
        assert len(send_once(alert, [to], "en", {}, ledger)) == 1
        assert send_once(alert, [to], "en", {}, ledger) == []
        assert len(peer.requests) == 1
    last = last_alert(ledger, to.name)
    assert last is not None
    assert (last.run_id, last.state) == (RUN, "taken")


def test_why_a_channel_did_not_take_it_is_noted(alert: Alert, tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    with listening(Webhook(status=500, answer=b"out of order")) as peer:
        to = channel(f"json://127.0.0.1:{peer.port}", allow_private=True)
        send_once(alert, [to], "en", {}, ledger)
    last = last_alert(ledger, to.name)
    assert last is not None
    assert last.state == "not taken"
    assert "500" in last.reason


def test_nothing_that_is_logged_holds_a_secret() -> None:
    code = (
        "import logging; logging.basicConfig(level=1)\n"
        "from metric_pipelines.dictionary.channel_definitions import Channel\n"
        "from metric_pipelines.dictionary.yaml_types import Text\n"
        "from metric_pipelines.notifications.alert import Alert\n"
        "from metric_pipelines.notifications.sending import send\n"
        "alert = Alert(Text(en='x'), 'run', 'http://x', 'UTC', error='disk full')\n"
        "for url in ('slack://${S}', 'dingtalk://${S}@abc', 'json://u:${S}@127.0.0.1:1/${S}'):\n"
        "    channel = Channel(name='ops', url=url, allow_private=True)\n"
        "    print(send([(channel, alert)], 'en', {'S': 'hush!hush'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("alerts/ops.yaml") == 3
    assert "hush" not in done.stdout + done.stderr


# Private addresses.


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "localhost",
    ],
)
def test_an_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_a_private_address_is_refused_unless_allowed(
    alert: Alert, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with listening(Webhook()) as peer:
        url = f"json://{host}:{peer.port}/hook"
        [refused] = send([(channel(url), alert)], "en", {})
        assert isinstance(refused.error, AccessDeniedError)
        assert "allow_private" in refused.error.remedy
        assert peer.requests == []
        [allowed] = send([(channel(url, allow_private=True), alert)], "en", {})
        assert allowed.error is None
        assert len(peer.requests) == 1


def test_a_name_that_is_public_when_looked_at_and_private_when_connected_to_is_refused(
    alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    answers, resolve = iter(["8.8.8.8"]), socket.getaddrinfo

    def rebinding(host: str, *rest: int, **more: int) -> object:
        return resolve(next(answers, "127.0.0.1") if host == "rebind.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with listening(Webhook()) as peer:
        assert socket.getaddrinfo("rebind.example", peer.port)[0][4][0] == "8.8.8.8"
        [refused] = send([(channel(f"json://rebind.example:{peer.port}/hook"), alert)], "en", {})
        assert isinstance(refused.error, AccessDeniedError)
        assert peer.requests == []


def test_other_threads_may_connect_meanwhile() -> None:
    with listening(Webhook()) as peer:
        done: list[bool] = []

        def connect() -> None:
            socket.create_connection(("127.0.0.1", peer.port)).close()
            done.append(True)

        with guarded("alerts/x.yaml"):
            work = threading.Thread(target=connect)
            work.start()
            work.join()
            with pytest.raises(AccessDeniedError):
                connect()
        connect()
    assert done == [True, True]


@pytest.mark.parametrize(("option", "error"), [("", NotDeliveredError), ("?redirect=yes", AccessDeniedError)])
def test_a_redirect_to_a_private_address_goes_nowhere(
    alert: Alert, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, error: type[Exception]
) -> None:
    with (
        listening(Webhook()) as inside,
        proxied(Webhook(), monkeypatch, tmp_path, "hooks.example.com") as outside,
    ):
        outside.status, outside.headers = 307, {"Location": f"http://127.0.0.1:{inside.port}/"}
        [delivery] = send([(channel(f"jsons://hooks.example.com/x{option}"), alert)], "en", {})
        assert isinstance(delivery.error, error)
        assert len(outside.requests) == 1
        assert inside.requests == []


def test_a_proxy_may_be_private_and_what_is_known_to_be_private_behind_it_may_not(
    alert: Alert, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with proxied(Webhook(), monkeypatch, tmp_path, "hooks.example.com", "localhost") as proxy:
        [good] = send([(channel("jsons://hooks.example.com/x"), alert)], "en", {})
        assert good.error is None
        for host in ("10.0.0.5", "localhost"):
            [refused] = send([(channel(f"jsons://{host}/x"), alert)], "en", {})
            assert isinstance(refused.error, AccessDeniedError)
        assert [request.host for request in proxy.requests] == ["hooks.example.com"]


# Secrets.


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("${S}", "a/b@c?d=e"),
        ("slack://${S}", "slack://a/b%40c%3Fd%3De"),
        (
            "mailto://u:${S}@example.com/?to=x@example.com",
            "mailto://u:a%2Fb%40c%3Fd%3De@example.com/?to=x@example.com",
        ),
        ("json://example.com/${S}", "json://example.com/a/b%40c%3Fd%3De"),
        ("json://example.com/?k=${S}", "json://example.com/?k=a%2Fb%40c%3Fd%3De"),
    ],
)
def test_a_secret_is_encoded_for_its_place(url: str, expected: str) -> None:
    assert filled(channel(url), {"S": "a/b@c?d=e"}) == expected


def test_a_secret_is_taken_out_of_texts_in_every_form() -> None:
    environment = {"S": "https://hooks.example.com/send?access_token=0123abcd&x=p@ss w0rd"}
    secrets = secrets_of(channel("${S}"), environment)
    said = redacted("token 0123abcd at https%3A%2F%2Fhooks.example.com, w0rd", secrets)
    assert "0123abcd" not in said
    assert "w0rd" not in said
