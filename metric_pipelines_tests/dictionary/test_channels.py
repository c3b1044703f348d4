"""A channel's file is judged as all others are, and a secret that stands in it is a problem that is not
repeated.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.dictionary.channels import clear_secrets, malformed, variables
from metric_pipelines.dictionary.effective import definitions_of
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InvalidCenterError


def write(center: Path, *lines: str, name: str = "ops") -> None:
    (center / "alerts").mkdir(exist_ok=True)
    (center / "alerts" / f"{name}.yaml").write_text(
        "\n".join([f"name: {name}", *lines, ""]), encoding="utf-8"
    )


def only(center: Path) -> str:
    """The one problem, with its file below the center's folder."""
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(center)
    [problem] = caught.value.problems
    return str(problem).replace(f"{center}/", "")


def test_a_channel_needs_a_name_and_a_url_alone(small_center: Path) -> None:
    write(small_center, "url: slack://${SLACK_TOKENS}")
    channel = load_valid_center(small_center).channels["ops"]
    assert channel.on == ["withheld", "unavailable", "failed"]
    assert (channel.language, channel.tier, channel.allow_private) == (None, 3, False)


def test_on_is_a_key_and_not_a_truth(small_center: Path) -> None:
    write(small_center, "url: slack://${SLACK_TOKENS}", "on: [withheld]")
    assert load_valid_center(small_center).channels["ops"].on == ["withheld"]


def test_a_channel_moves_no_number(small_center: Path) -> None:
    before = definitions_of(load_valid_center(small_center))
    write(small_center, "url: slack://${SLACK_TOKENS}")
    assert definitions_of(load_valid_center(small_center)) == before


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("on: [witheld]", "alerts/ops.yaml:3: on.0: 'witheld'"),
        ("on: []", "alerts/ops.yaml:3: on: []"),
        ("tier: 4", "alerts/ops.yaml:3: tier: 4"),
        ("language: fr", "alerts/ops.yaml:3: language: 'fr'"),
        ("owners: [the team]", "alerts/ops.yaml:3: owners.0: 'the team'"),
        ("departments: [sails]", "alerts/ops.yaml:3: unknown department 'sails'"),
        ("allow_privat: true", "alerts/ops.yaml:3: unknown key 'allow_privat'"),
    ],
)
def test_a_mistake_is_named_with_its_line(small_center: Path, line: str, problem: str) -> None:
    write(small_center, "url: slack://${SLACK_TOKENS}", line)
    assert only(small_center).startswith(problem)


SECRET = "Xk29fjQ7hushhush"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (f"mailto://alerts:{SECRET}@example.com", "a password"),
        (f"slack://T1JJ3T3L2/A1BRTD4JD/{SECRET}", "a token"),
        (f"slack://${{A}}/${{B}}/{SECRET}", "a token"),
        (f"dingtalk://{SECRET}", "a token"),
        (f"dingtalk://{SECRET}@${{TOKEN}}", "a secret"),
        (f"feishu://{SECRET}", "a token"),
        (f"wecombot://{SECRET}", "a token"),
        (f"workflows://prod-01.example.com:443/${{ID}}/{SECRET}", "a token"),
        (f"https://hooks.slack.com/services/T1/B1/{SECRET}", "a token"),
        (f"https://oapi.dingtalk.com/robot/send?access_token={SECRET}", "the value of access_token"),
        (f"jsons://example.com/?x={SECRET}", "the value of x"),
        (f"jsons://u@example.com/{SECRET}", "a token"),
        (f"gotify://example.com/{SECRET}", "a token"),
    ],
)
def test_a_secret_in_the_clear_is_a_problem_that_does_not_repeat_it(
    small_center: Path, url: str, what: str
) -> None:
    write(small_center, f"url: {url}")
    found = only(small_center)
    assert found.startswith(f"alerts/ops.yaml:2: {what} stands in the file")
    assert SECRET not in found


@pytest.mark.parametrize(
    "url",
    [
        "mailto://alerts:${SMTP_PASSWORD}@example.com?smtp=mail.example.com&to=data@example.com",
        "mailtos://mail.example.com:465/data@example.com?from=alerts@example.com",
        "slack://${A}/${B}/${C}/#ops-metrics",
        "slack://${SLACK_TOKENS}/#ops",
        "dingtalk://${SECRET}@${TOKEN}/13800138000",
        "workflows://prod-01.eastus.example.com:443/${ID}/${SIG}",
        "${WEBHOOK}",
        "json://alerts.example.com:8080/metrics?redirect=no",
    ],
)
def test_a_url_without_secrets_is_good(url: str) -> None:
    assert list(clear_secrets(url)) == []
    assert malformed(url) == ""


@pytest.mark.parametrize(
    "url", ["slack://$TOKENS", "slack://${TOKENS", "hooks.slack.com", "slack://", "a b://c"]
)
def test_a_url_that_is_none_is_a_problem(small_center: Path, url: str) -> None:
    write(small_center, f"url: {url}")
    assert "an Apprise URL such as" in only(small_center)


@pytest.mark.parametrize("content", [f"url: [{SECRET}]\nname: ops", f"slack://{SECRET}"])
def test_a_file_of_another_form_does_not_tell_what_it_holds(small_center: Path, content: str) -> None:
    (small_center / "alerts").mkdir()
    (small_center / "alerts" / "ops.yaml").write_text(content)
    assert SECRET not in only(small_center)


def test_variables_are_named_once_in_order() -> None:
    assert variables("slack://${B}/${A}/${B}") == ["B", "A"]
