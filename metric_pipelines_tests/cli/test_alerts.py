"""`alerts list` and `alerts test`: what is set up, and whether each channel takes a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from metric_pipelines_tests.cli.conftest import Sit, Terminal
from metric_pipelines_tests.notifications.peers import Webhook, listening
from metric_pipelines_tests.small_shop import Shop

SECRET = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q1"
Write = Callable[..., None]


@pytest.fixture
def terminal(at: Sit, shop: Shop) -> Terminal:
    return at(shop)


@pytest.fixture
def write(shop: Shop) -> Write:
    def writing(name: str, *lines: str) -> None:
        folder = shop.center / "alerts"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text("\n".join([f"name: {name}", *lines, ""]), encoding="utf-8")

    return writing


@pytest.fixture
def peer() -> Iterator[Webhook]:
    with listening(Webhook()) as found:
        yield found


def test_nothing_is_set_up_at_first(terminal: Terminal) -> None:
    assert terminal("alerts", "list", "--json").json == {"channels": []}
    assert "docs/alerts.md" in terminal("alerts", "list").out
    said = terminal("alerts", "test")
    assert said.code == 2
    assert "no channel" in said.err


def test_the_list_says_what_can_be_used_and_no_secret(
    terminal: Terminal, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("slack", "url: slack://${SLACK_TOKENS}", "departments: [sales]", "tier: 2")
    write("robot", "url: dingtalk://${DINGTALK_TOKEN}", "language: zh", "on: [failed]")
    monkeypatch.setenv("SLACK_TOKENS", SECRET)
    said = terminal("alerts", "list", "--json")
    assert said.code == 0
    robot, slack = said.json["channels"]
    assert (robot["missing"], robot["problem"]) == (["DINGTALK_TOKEN"], "DINGTALK_TOKEN not set")
    assert (robot["on"], robot["language"]) == (["failed"], "zh")
    assert (slack["service"], slack["missing"], slack["problem"]) == ("Slack", [], "")
    assert (slack["language"], slack["departments"], slack["tier"]) == ("en", ["sales"], 2)
    text = terminal("alerts", "list")
    assert "cannot be used" in text.out
    for out in (said.out, text.out):
        assert not [part for part in SECRET.split("/") if part in out]


def test_a_test_sends_a_sample_in_the_channels_language(
    terminal: Terminal, write: Write, peer: Webhook
) -> None:
    write("hook", f"url: json://127.0.0.1:{peer.port}", "language: zh", "allow_private: true", "on: [failed]")
    said = terminal("alerts", "test")
    assert (said.code, said.err) == (0, "")
    assert "hook (JSON) took the sample" in said.out
    [request] = peer.requests
    assert request.json["title"] == "Small shop：指标告警测试"
    assert "一切正常" in request.json["message"]
    assert terminal.shop.ledger.noted("alert/hook") is None  # a test is no alert


def test_one_channel_can_be_chosen(terminal: Terminal, write: Write, peer: Webhook) -> None:
    write("hook", f"url: json://127.0.0.1:{peer.port}", "allow_private: true")
    write("robot", "url: dingtalk://${DINGTALK_TOKEN}")
    assert terminal("alerts", "test", "hook").code == 0
    assert len(peer.requests) == 1
    said = terminal("alerts", "test", "hok")
    assert said.code == 2
    assert "did you mean 'hook'" in said.err


@pytest.mark.parametrize(
    ("lines", "code", "error", "found"),
    [
        (["url: json://127.0.0.1:{port}"], 2, "AccessDeniedError", "not a public address"),
        (["url: json://127.0.0.1:1", "allow_private: true"], 1, "NotDeliveredError", "Connection refused"),
        (["url: 'slack://${{SLACK_TOKENS}}'"], 3, "EnvironmentBrokenError", "SLACK_TOKENS not set"),
        (["url: nosuch://x"], 2, "DefinitionError", "no service that Apprise knows"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_its_reason(
    terminal: Terminal, write: Write, peer: Webhook, lines: list[str], code: int, error: str, found: str
) -> None:
    write("good", f"url: json://127.0.0.1:{peer.port}", "allow_private: true")
    write("other", *[line.format(port=peer.port) for line in lines])
    said = terminal("alerts", "test", "--json")
    assert said.code == code
    good, other = said.json["channels"]
    assert good["taken"] is True
    assert (other["taken"], other["error"]) == (False, error)
    assert found in other["found"]
    assert other["remedy"]
    assert found in terminal("alerts", "test").out


def test_a_secret_in_a_file_is_named_by_validate_and_not_shown(terminal: Terminal, write: Write) -> None:
    write("mail", "url: mailto://alerts:correct-horse-battery@example.com")
    said = terminal("validate")
    assert said.code == 2
    assert "alerts/mail.yaml:2" in said.err
    assert "a password stands in the file" in said.err
    assert "horse" not in said.err + terminal("validate", "--json").out + terminal("alerts", "list").err
