"""Every text that a command shows, in English and Chinese. Help texts stand in `help_texts.py`.

What the package's errors, reasons and checks say is English and shown as it is; what stands in the
dictionary comes from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from metric_pipelines.cli.explain_texts import EXPLAIN_TEXTS
from metric_pipelines.cli.list_texts import LIST_TEXTS
from metric_pipelines.cli.source_texts import SOURCE_TEXTS
from metric_pipelines.figures import unit_in

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = get_args(Lang)

TEXTS: dict[str, tuple[str, str]] = {
    **LIST_TEXTS,
    **EXPLAIN_TEXTS,
    **SOURCE_TEXTS,
    # frames of errors
    "error.1": ("The data is bad", "数据有问题"),
    "error.2": ("Used wrongly", "用法有误"),
    "error.3": ("The environment is broken", "环境有问题"),
    "error.definitions": (
        "The center's definitions are wrong: {n} problem(s)",
        "指标中心的定义有误：{n} 个问题",
    ),
    "error.unexpected": ("Something unexpected happened", "发生了意料之外的错误"),
    "error.debug": ("the same command with --debug shows where", "在同一命令后加 --debug 可查看出错位置"),
    "error.expected": ("expected", "应为"),
    "error.remedy": ("to do", "怎么办"),
    "error.usage": ("see {command} --help", "用法见 {command} --help"),
    "error.first": ("first", "请先运行"),
    # help pages
    "help.usage": ("Usage", "用法"),
    "help.arguments": ("Arguments", "参数"),
    "help.options": ("Options", "选项"),
    "help.global": ("Everywhere", "通用选项"),
    "help.commands": ("Commands", "命令"),
    "help.examples": ("Examples", "示例"),
    "help.default": ("default: {value}", "默认：{value}"),
    "help.more": (
        "{command} COMMAND --help tells about one command.",
        "{command} 命令 --help 查看某个命令的用法。",
    ),
    # used on many screens
    "metric": ("Metric", "指标"),
    "department": ("Department", "部门"),
    "unit": ("Unit", "单位"),
    "tier": ("Tier", "级别"),
    "month": ("Month", "月份"),
    "value": ("Value", "数值"),
    "state": ("State", "状态"),
    "months": ("Months", "月份"),
    "reason": ("Reason", "原因"),
    "draft": ("draft", "草稿"),
    "no_data": ("no data", "无数据"),
    "next": ("Next", "下一步"),
    "whole": ("whole", "全量"),
    "to": ("{first} to {last}", "{first} 至 {last}"),
    "and_more": ("and {n} more", "等共 {total} 项"),
    "rows": ("{n} rows", "{n} 行"),
    "none": ("none", "无"),
    "in_dagster": ("In Dagster, with metric-pipelines up", "在 Dagster 中查看（先运行 metric-pipelines up）"),
    # states
    "state.healthy": ("healthy", "正常"),
    "state.stale": ("stale", "待更新"),
    "state.failing": ("failing", "检查告警"),
    "state.withheld": ("withheld", "暂缓发布"),
    "state.never published": ("never published", "从未发布"),
    "state.blocked": ("blocked", "受阻"),
    "state.unavailable": ("unavailable", "无法读取"),
    "state.missing": ("never computed", "从未计算"),
    "state.waiting": ("due, not selected", "待计算，未被选中"),
    "state.published": ("published", "已发布"),
    "state.publishing": ("publishing", "发布中"),
    "kind.source": ("{n} source tables", "{n} 个源表"),
    "kind.model": ("{n} models", "{n} 个模型"),
    "kind.metric": ("{n} metrics", "{n} 个指标"),
    "kind.source.one": ("1 source table", "1 个源表"),
    "kind.model.one": ("1 model", "1 个模型"),
    "kind.metric.one": ("1 metric", "1 个指标"),
    # load-demo and demo
    "demo.source": ("Source system", "源系统"),
    "demo.table": ("Table", "表"),
    "demo.rows": ("Rows", "行数"),
    "demo.title": ("Source systems of the demo, complete until {day}", "演示源系统，数据截至 {day}"),
    "demo.title_scale": ("Source systems of the demo, at scale {scale}", "演示源系统，规模 {scale}"),
    "demo.there_scale": (
        "The demo's source systems are there, at scale {scale}.",
        "演示源系统已存在，规模 {scale}。",
    ),
    "demo.there": (
        "The demo's source systems are there, complete until {day}.",
        "演示源系统已存在，数据截至 {day}。",
    ),
    "demo.kept": ("as it was", "保持原样"),
    "demo.written": ("written", "新写入"),
    "demo.total": ("Total", "合计"),
    "demo.in": ("in {folder}", "位于 {folder}"),
    "demo.next_day": (
        "One more business day is in the order system, the CRM and the ERP: {day}.",
        "订单系统、CRM 与 ERP 已多出一个营业日：{day}。",
    ),
    "demo.bad_month": (
        "{n} transaction lines of {month} now cost ten times as much, as if a decimal point had slipped.",
        "{month} 的 {n} 行交易价格已变为十倍，如同小数点错位。",
    ),
    "demo.fixed": ("Prices are right again in {months}.", "{months} 的价格已恢复正确。"),
    "demo.nothing": ("There was no bad month to fix.", "没有需要修复的月份。"),
    "demo.publish": ("publishes it, if it passes its checks", "通过检查后即发布"),
    "demo.withholds": (
        "withholds the month and keeps what was published",
        "该月暂缓发布，保留先前已发布的数据",
    ),
    "demo.mend": ("mends it again", "恢复原价"),
    "demo.export": (
        "where the center finds the {name}: the address given",
        "告诉中心 {name} 的地址：所给的 URL",
    ),
    "demo.compute": ("reads the sources and publishes what passes", "读取源系统，发布通过检查的数据"),
    # validate
    "validate.good": ("{center} is valid", "{center}：定义有效"),
    "validate.sources": ("source systems", "源系统"),
    "validate.tables": ("source tables", "源表"),
    "validate.models": ("models", "模型"),
    "validate.drafts": ("drafts, not computed", "草稿（未计算）"),
    "validate.metrics": ("metrics", "指标"),
    "validate.departments": ("departments", "部门"),
    "validate.queries": ("saved queries", "已保存查询"),
    "validate.channels": ("channels of alerts", "告警渠道"),
    "validate.expectations": ("expectations", "期望规则"),
    "validate.assets": ("assets in the graph", "图中资产"),
    "validate.months": ("months", "月份"),
    # refresh
    "refresh.plan": ("What a refresh would compute, as of {day}", "刷新将计算的内容，基准日 {day}"),
    "refresh.upper": (
        "Then, as far as these turn out changed, at most",
        "其后，视以上内容是否变化，至多计算",
    ),
    "refresh.nothing_due": ("Nothing is due.", "没有待计算的内容。"),
    "refresh.pairs": ("{n} to compute", "{n} 个计算单元"),
    "refresh.preparing": ("looking at what is due", "正在查看待计算的内容"),
    "refresh.waiting": ("waiting for {holder}", "正在等待 {holder}"),
    "refresh.done": (
        "{published} published, {withheld} withheld, {unavailable} unavailable in {seconds}",
        "发布 {published} 项，暂缓 {withheld} 项，无法读取 {unavailable} 项，用时 {seconds}",
    ),
    "refresh.nothing": (
        "Everything is up to date: nothing was computed ({seconds}).",
        "全部数据均为最新，无需计算（{seconds}）。",
    ),
    "refresh.not_published": ("Not published", "未发布"),
    "refresh.keeps": ("the last good values stay published", "先前的正确数值继续有效"),
    "refresh.blocks": ("blocks {n}", "影响 {n} 项"),
    "refresh.rejected": ("rejected rows", "被拒数据"),
    "refresh.run": ("this run", "本次运行"),
    "refresh.again": (
        "after the source is right: computes only what is due",
        "源数据修正后运行，仅计算所需内容",
    ),
    "refresh.fix": ("takes the demo's bad month back", "撤销演示中的错误月份"),
    "refresh.card": ("definition, checks, lineage", "定义、检查与血缘"),
    "refresh.retry": ("tries to read it again", "再次尝试读取"),
    "refresh.upstream": ("computes what it is derived from, too", "连同上游一起计算"),
    "refresh.missing": ("its inputs were never published", "其输入从未发布"),
    "refresh.due_first": (
        "What was selected waits for what is due and was not selected: {names}",
        "所选内容需等待尚未选中的待计算项：{names}",
    ),
    "refresh.due_too": (
        "it is due, and what was selected is derived from it; refresh it first or along",
        "所选内容源自于它，而它本身待计算；请先行或一并刷新",
    ),
    "refresh.all": ("computes all that is due", "计算所有待计算的内容"),
    "refresh.health": ("how each metric is", "各指标的健康状况"),
    "refresh.site": ("The dictionary as pages", "指标字典页面"),
    "refresh.alerted": ("Told by alert: {names}.", "已告警：{names}。"),
    "refresh.not_alerted": (
        "The channel {name} did not take the alert: {reason}",
        "渠道 {name} 未收到告警：{reason}",
    ),
    "refresh.site.again": ("builds the dictionary's pages", "生成字典页面"),
    "refresh.board": ("the web interface: assets, checks, runs", "网页界面：资产、检查、运行记录"),
    "refresh.explore": ("one number by month", "按月查看一个指标"),
    # scorecard
    "scorecard.title": ("{center}: scorecard", "{center}：指标看板"),
    "scorecard.asof": ("as of {day}", "截至 {day}"),
    "scorecard.open": (
        "{month} is not over: it is compared with the same days of the other month; ~ with the whole month.",
        "{month} 尚未结束：与另一月的同期天数比较；带 ~ 者只能与整月比较。",
    ),
    "scorecard.latest": ("Latest", "最新值"),
    "scorecard.mom": ("vs month before", "环比"),
    "scorecard.yoy": ("vs year before", "同比"),
    "scorecard.checks": ("Checks", "检查"),
    "scorecard.trend": ("{n} months", "近 {n} 月"),
    "scorecard.counts": ("{good} of {all} metrics healthy", "{all} 个指标中 {good} 个正常"),
    "scorecard.legend": (
        "Green is good for the metric, red is bad. Checks: ✓ passed, ! warnings, ✗ failed, over all months.",
        "绿色表示对该指标有利，红色表示不利。检查为全部月份累计：✓ 通过，! 告警，✗ 未通过。",
    ),
    "scorecard.until": ("{month} until day {day}", "{month}（截至 {day} 日）"),
    # metrics
    "metrics.name": ("Name", "名称"),
    "metrics.label": ("Label", "指标"),
    "metrics.description": ("Description", "说明"),
    "metrics.found": ("{n} of {all} metrics", "共 {all} 个指标，列出 {n} 个"),
    "metrics.nothing": ("No metric matches {query!r}.", "没有与 {query!r} 匹配的指标。"),
    "metrics.shared": (
        "{word!r} is said of {n} metrics: they are not the same",
        "“{word}” 对应 {n} 个指标，口径并不相同",
    ),
    "metrics.drafts": (
        "{n} of them drafts: they stand in the dictionary and are not computed yet.",
        "其中 {n} 个为草稿：已列入字典，尚未计算。",
    ),
    "metrics.card": ("the card of one metric", "查看指标卡"),
    "metrics.compare": ("two definitions side by side", "并排比较两个口径"),
    "metrics.all": ("lists all metrics", "列出全部指标"),
    # show
    "show.purpose": ("Purpose", "用途"),
    "show.counted": ("Counted", "计入"),
    "show.not_counted": ("Not counted", "不计入"),
    "show.caveats": ("Caveats", "注意事项"),
    "show.scenario": ("Scenario", "使用场景"),
    "show.synonyms": ("Also called", "别名"),
    "show.owners": ("Owners", "负责人"),
    "show.owner.business": ("{who} (business)", "{who}（业务）"),
    "show.owner.technical": ("{who} (technical)", "{who}（技术）"),
    "show.tier.1": ("1, board level", "1 级（公司级）"),
    "show.tier.2": ("2, department level", "2 级（部门级）"),
    "show.tier.3": ("3, team level", "3 级（团队级）"),
    "show.target": ("Target", "目标值"),
    "show.direction": ("Good is", "向好方向"),
    "show.direction.up": ("up", "上升"),
    "show.direction.down": ("down", "下降"),
    "show.direction.none": ("neither up nor down", "无方向"),
    "show.refresh": ("Refreshed", "更新频率"),
    "show.refresh.daily": ("daily", "每日"),
    "show.refresh.weekly": ("weekly", "每周"),
    "show.refresh.monthly": ("monthly", "每月"),
    "show.reviewed": ("Reviewed", "评审"),
    "show.review": ("{day}, every {span}; next due {due}", "{day}，每{span}一次；下次 {due}"),
    "show.review.late": ("overdue", "已逾期"),
    "show.review.quarter": ("quarter", "季度"),
    "show.review.half_year": ("half-year", "半年"),
    "show.review.year": ("year", "年"),
    "show.formula": ("Formula", "计算公式"),
    "show.file": ("Defined in", "定义文件"),
    "show.grain": ("Grain", "粒度"),
    "show.grain.day": ("day", "日"),
    "show.grain.week": ("week", "周"),
    "show.grain.month": ("month", "月"),
    "show.grain.quarter": ("quarter", "季度"),
    "show.grain.year": ("year", "年"),
    "show.dimensions": ("Dimensions", "维度"),
    "show.joined_dimensions": ("also, by a join: {names}", "另可经关联得到：{names}"),
    "show.more_dimensions": ("also, from its models: {names}", "另可由模型得到：{names}"),
    "show.code": ("Code", "编号"),
    "show.health": ("Health", "健康状况"),
    "show.values": ("Latest months", "近几个月"),
    "show.change": ("Change", "变化"),
    "show.checks": ("Checks", "检查"),
    "show.rules": ("Rules", "规则"),
    "show.verdict": ("Verdict", "结论"),
    "show.passed": ("passed", "通过"),
    "show.warned": ("warned", "告警"),
    "show.failed": ("failed", "未通过"),
    "show.check.contract": ("contract (Pandera)", "契约（Pandera）"),
    "show.check.expectations": ("expectations (Great Expectations)", "期望（Great Expectations）"),
    "show.rule.keys": ("unique by {keys}", "按 {keys} 唯一"),
    "show.rule.min": ("value at least {value}", "数值不小于 {value}"),
    "show.rule.max": ("value at most {value}", "数值不大于 {value}"),
    "show.rule.min_rows": ("at least {n} row(s) a month", "每月至少 {n} 行"),
    "show.rule.warn": ("(warns only)", "（仅告警）"),
    "show.upstream": ("Derived from", "上游血缘"),
    "show.downstream": ("Read by", "下游血缘"),
    "show.above": ("(see above)", "（见上）"),
    "show.back": ("and {n} month(s) before", "及之前 {n} 个月"),
    "show.back.all": ("and all months before", "及之前全部月份"),
    "show.ahead": ("and {n} month(s) after", "及之后 {n} 个月"),
    "show.columns": ("Source columns", "源字段"),
    "show.column": ("Column", "字段"),
    "show.role": ("Role", "作用"),
    "show.role.value": ("value", "取值"),
    "show.role.filter": ("filter", "筛选"),
    "show.role.dimension": ("dimension", "维度"),
    "show.role.time": ("time", "时间"),
    "show.role.row": ("which rows", "决定行"),
    "show.kept": ("kept", "沿用旧值"),
    # show, of a draft
    "draft.not_computed": (
        "A draft: it stands in the dictionary and is not computed yet.",
        "草稿：已列入指标字典，尚未计算。",
    ),
    "draft.missing": ("Still missing", "尚缺"),
    "draft.key.type": ("how it is computed: `type` and its keys", "如何计算：`type` 及其各键"),
    "draft.key": ("the key `{name}`", "键 `{name}`"),
    "draft.formula": ("Formula in words", "公式（文字）"),
    "draft.notes": ("Notes", "备注"),
    "draft.from": ("From", "来源"),
    "draft.row": ("{file}, row {row}", "{file}，第 {row} 行"),
    "draft.sheet_row": ("{file}, sheet {sheet}, row {row}", "{file}，工作表 {sheet}，第 {row} 行"),
    "draft.write": ("write what is missing into this file", "在此文件中补全所缺内容"),
    "draft.validate": ("then checks it with all other definitions", "补全后与其他定义一并检查"),
    # compare
    "compare.title": ("{a} and {b}", "{a} 与 {b}"),
    "compare.shared": (
        "Both are called {words}: say which one you mean.",
        "二者都被称为 {words}：使用时请说明是哪一个。",
    ),
    "compare.intended": ("That is meant so: {reason}", "有意如此：{reason}"),
    "compare.description": ("Description", "说明"),
    "compare.same": ("The same for both", "二者相同"),
    "compare.kept": (
        "withheld now: the value published before is shown",
        "当前暂缓发布：显示此前发布的数值",
    ),
    "compare.difference": ("Difference", "差异"),
    "compare.relation": ("Related", "关系"),
    "compare.derived": ("{a} is derived from {b}", "{a} 由 {b} 计算而来"),
    "compare.common": ("both read {names}", "都读取 {names}"),
    "compare.by_month": ("By month", "按月对比"),
    "compare.units": (
        "Their units differ ({a}, {b}): no difference can be told.",
        "单位不同（{a}、{b}），无法计算差异。",
    ),
    "compare.agree": ("They agree in {n} of {all} month(s).", "在 {all} 个月中，{n} 个月一致。"),
    "compare.between": (
        "{b} differs from {a} by {low} to {high}.",
        "{b} 相对 {a} 的差异在 {low} 与 {high} 之间。",
    ),
    "compare.lone": ("Only one of them has a value in {months}.", "{months} 仅其中一个有数值。"),
    # values
    "values.time": ("Period", "期间"),
    "values.title": ("{label} by {grain}", "{label}，按{grain}"),
    "values.title.by": ("{label} by {grain}, {dimensions}", "{label}，按{grain}、{dimensions}"),
    "values.from.published": ("from published values", "取自已发布数值"),
    "values.from.rollup": ("from a rollup that is published with it", "取自随指标发布的汇总"),
    "values.from.model": ("computed from the model, as of its receipts", "由模型计算，版本与已发布数值一致"),
    "values.kept": (
        "† {months} {state}: the values published before are shown ({reason})",
        "† {months} {state}：显示先前发布的数值（{reason}）",
    ),
    "values.left_out": ("{months} {state}: left out ({reason})", "{months} {state}：未列出（{reason}）"),
    "values.empty": ("No published value in this span.", "该区间没有已发布的数值。"),
    "values.unmatched": (
        "No rows in this span fit the filter: {filter}",
        "该区间没有符合筛选条件的行：{filter}",
    ),
    "values.more": (
        "{n} more rows: --csv or --json gives all of them.",
        "另有 {n} 行：使用 --csv 或 --json 可取得全部。",
    ),
    # query
    "query.title": ("{center}: saved queries", "{center}：已保存查询"),
    "query.name": ("Name", "名称"),
    "query.asks": ("Asks", "内容"),
    "query.metrics": ("Metrics", "指标"),
    "query.by": ("By", "维度与期间"),
    "query.where": ("where {filter}", "条件：{filter}"),
    "query.none": (
        "No saved query: write one in queries/<name>.yaml.",
        "暂无已保存查询：请写入 queries/<name>.yaml。",
    ),
    "query.answer": ("answer it", "查看结果"),
    # health
    "health.title": ("{center}: health", "{center}：健康状况"),
    "health.why": ("Why", "原因"),
    "health.healthy": ("published, checked, up to date", "已发布、已检查、为最新"),
    "health.count": ("{n} {state}", "{state} {n} 个"),
    # doctor
    "doctor.title": ("{center}: what is there", "{center}：环境检查"),
    "doctor.sum": (
        "{ok} good, {warn} to look at, {fail} failed",
        "{ok} 项正常，{warn} 项需留意，{fail} 项失败",
    ),
    # site
    "site.reading": ("reading values", "读取数值"),
    "site.writing": ("writing pages", "生成页面"),
    "site.built": ("{pages} pages, {size}, in {seconds}", "共 {pages} 页，{size}，用时 {seconds}"),
    "site.open": ("Open it in a browser", "在浏览器中打开"),
    "site.no_numbers": (
        "Nothing was published yet: the pages have definitions and no numbers.",
        "尚未发布任何数据：页面只有定义，没有数值。",
    ),
    "site.no_browser": ("No browser could be started here.", "此处无法启动浏览器。"),
    "site.failed": ("The dictionary's pages could not be built: {reason}", "字典页面生成失败：{reason}"),
    # up
    "up.starting": ("starting the web server and the daemon ...", "正在启动网页服务与守护进程……"),
    "up.starting.read_only": ("starting the web server, read-only ...", "正在以只读方式启动网页服务……"),
    "up.ready": ("Ready. Ctrl-C stops it.", "已就绪，按 Ctrl-C 停止。"),
    "up.assets": ("all assets", "全部资产"),
    "up.metric": ("one metric", "单个指标"),
    "up.runs": ("runs", "运行记录"),
    "up.schedules": ("schedule and sensor", "调度与传感器"),
    "up.died": ("A process ended by itself: see what it wrote above.", "有进程自行退出，请查看上方输出。"),
    "up.stopped": ("Stopped.", "已停止。"),
    # alerts
    "alerts.title": ("{center}: channels of alerts", "{center}：告警渠道"),
    "alerts.none": (
        "No channel yet: one file a channel in {folder}; docs/alerts.md has a walk.",
        "尚无渠道：在 {folder} 中为每个渠道建一个文件，步骤见 docs/alerts.md。",
    ),
    "alerts.usable": ("ready", "可用"),
    "alerts.unusable": ("cannot be used", "不可用"),
    "alerts.service": ("Service", "服务"),
    "alerts.on": ("Told of", "告警内容"),
    "alerts.on.withheld": ("withheld", "暂缓发布"),
    "alerts.on.unavailable": ("unavailable", "无法读取"),
    "alerts.on.failed": ("failed", "运行失败"),
    "alerts.language": ("Language", "语言"),
    "alerts.only": ("Only for", "仅限"),
    "alerts.private": ("Private addresses", "内网地址"),
    "alerts.allowed": ("allowed", "允许"),
    "alerts.problem": ("Problem", "问题"),
    "alerts.last": ("Last alert", "最近告警"),
    "alerts.state.taken": ("taken", "已接收"),
    "alerts.state.not_taken": ("not taken", "未接收"),
    "alerts.state.sending": ("begun, and never finished", "已开始，未完成"),
    "alerts.try": ("sends a sample to each", "向每个渠道发送测试消息"),
    "alerts.taken": ("{channel} took the sample", "{channel} 已接收测试消息"),
    "alerts.not_taken": ("{channel} did not take the sample", "{channel} 未接收测试消息"),
    # docs
    "docs.written": ("{n} page(s) written in {folder}", "已写入 {n} 页，位于 {folder}"),
    "docs.differs": (
        "{page} is not as the code says: run make docs",
        "{page} 与代码不一致：请运行 make docs",
    ),
    "docs.same": ("{n} page(s) are as the code says", "{n} 页与代码一致"),
}


@dataclass(frozen=True)
class Words:
    """The texts in one language."""

    lang: Lang

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, filled in."""
        english, chinese = TEXTS[key]
        return (chinese if self.lang == "zh" else english).format(**values)

    def kinds(self, kind: str, n: int) -> str:
        """How many assets of a kind."""
        return self(f"kind.{kind}" if n != 1 else f"kind.{kind}.one", n=n)

    def unit(self, unit: str) -> str:
        """A unit in words."""
        return unit_in(self.lang, unit)
