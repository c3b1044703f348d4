"""Every text of an alert, in English and Chinese. Reasons and errors are English, and shown as they are.

Each Chinese title holds 指标, each English one `metric`: a robot's keyword (DingTalk and Feishu ask for one).
"""

from __future__ import annotations

from typing import Literal

Lang = Literal["en", "zh"]

TEXTS: dict[str, tuple[str, str]] = {
    "title.not_published": ("{center}: {n} metric(s) not published", "{center}：{n} 个指标未发布"),
    "title.not_updated": ("{center}: {n} metric(s) may be out of date", "{center}：{n} 个指标可能未更新"),
    "title.data": ("{center}: data of the metric center not published", "{center}：指标中心有数据未发布"),
    "title.failed": ("{center}: the refresh of the metrics failed", "{center}：指标刷新失败"),
    "title.sample": ("{center}: test of the metric alerts", "{center}：指标告警测试"),
    "sample": (
        "This is a sample: nothing is wrong. An alert looks like this:",
        "这是一条测试消息，一切正常。真正的告警如下：",
    ),
    "sample.reason": (
        "expectations failed: expect_column_max_to_be_between(max_value=500): observed 2,700 (made up)",
        "expectations failed: expect_column_max_to_be_between(max_value=500): observed 2,700（虚构）",
    ),
    "state.withheld": ("withheld", "暂缓发布"),
    "state.unavailable": ("could not be read", "无法读取"),
    "state.waiting": ("due, and not selected", "待计算，未被选中"),
    "state.missing": ("never computed", "从未计算"),
    "since": ("Since", "起始"),
    "since.run": ("{at}, run {run}", "{at}，运行 {run}"),
    "before": (
        "Published before: {at}; those values stay",
        "上次发布：{at}，该次数值继续有效",
    ),
    "cause": ("Likely cause", "可能原因"),
    "cause.waiting": (
        "it is due, and what was selected is derived from it",
        "所选内容源自于它，而它本身待计算",
    ),
    "cause.missing": ("its inputs were never published", "其输入从未发布"),
    "owners": ("Owners", "负责人"),
    "owner.business": ("{who} (business)", "{who}（业务）"),
    "owner.technical": ("{who} (technical)", "{who}（技术）"),
    "blocks": ("Blocks {n} metric(s)", "影响 {n} 个指标"),
    "touches": ("{n} metric(s) computed from it may be out of date", "由其计算的 {n} 个指标可能未更新"),
    "their_owners": ("owners: {who}", "负责人：{who}"),
    "more": (" and {n} more", " 等共 {total} 项"),
    "more_causes": ("And {n} more root cause(s): see the run.", "另有 {n} 个根本原因，见运行记录。"),
    "error": ("The run ended with an error", "运行因错误结束"),
    "next": ("Next", "下一步"),
    "next.show": ("its definition, checks and lineage", "查看定义、检查与血缘"),
    "next.refresh": (
        "after the source is right: computes only what is due",
        "源数据修正后运行，仅计算所需内容",
    ),
    "next.retry": ("tries to read it again", "再次尝试读取"),
    "next.again": ("tries again, and says what is wrong", "再次运行并显示出错原因"),
    "next.upstream": ("computes what it is derived from, too", "连同上游一起计算"),
    "next.health": ("how each metric is", "各指标的健康状况"),
    "link": ("This run in Dagster", "在 Dagster 中查看本次运行"),
    "to": ("{first} to {last}", "{first} 至 {last}"),
    "comma": (", ", "、"),
    "colon": (": ", "："),
    "semicolon": ("; ", "；"),
}


def say(lang: Lang, key: str, **values: object) -> str:
    """A text, filled in."""
    return TEXTS[key][lang == "zh"].format(**values)
