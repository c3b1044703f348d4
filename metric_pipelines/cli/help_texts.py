"""What `--help` says, in English and Chinese: commands, options, examples that can be typed.

A command or option without a text here cannot be built: `help_page.translated` looks each one up.
"""

from __future__ import annotations

from metric_pipelines.cli.help_entry import JSON as _JSON
from metric_pipelines.cli.help_entry import Both, Help
from metric_pipelines.cli.list_help import LIST_HELP
from metric_pipelines.cli.source_help import SOURCE_HELP

_METRIC: Both = ("A metric: its name, code (SAL-001) or label.", "指标：名称、编号（SAL-001）或中文名。")

HELP: dict[str, Help] = {
    **LIST_HELP,
    **SOURCE_HELP,
    "": Help(
        (
            "A metric center: each metric defined once, checked, owned, and published only when it passes.",
            "指标中心：每个指标只定义一次，有检查、有负责人，通过检查才发布。",
        ),
        (
            "Exit codes: 0 good, 1 the data is bad, 2 used wrongly, 3 the environment is broken.",
            "退出码：0 正常，1 数据有问题，2 用法有误，3 环境有问题。",
        ),
        {
            "lang": (
                "Language of what is shown, before or after the command: en or zh.",
                "显示语言，可放在命令前或后：en 或 zh。",
            ),
            "center": (
                "The center that is meant, before or after the command: a folder, or a shipped one's name.",
                "所指的中心，可放在命令前或后：中心文件夹，或随附中心的名称。",
            ),
            "debug": ("Show where an error came from.", "出错时显示出错位置。"),
        },
        (
            ("metric-pipelines load-demo", ("lay out the demo's source systems", "生成演示源系统")),
            (
                "metric-pipelines refresh",
                ("compute, check and publish what is due", "计算、检查并发布待更新的内容"),
            ),
            ("metric-pipelines --lang zh scorecard", ("the scorecard, in Chinese", "用中文查看指标看板")),
        ),
    ),
    "load-demo": Help(
        ("Lay out the source systems of a center's demo.", "生成中心的演示源系统。"),
        (
            "For the shipped center retail, three SQLite databases below the home folder: CRM, ERP and order "
            "management of a real grocer's household panel, one year. For a center with SQL scripts in its "
            "folder demo/ (such as omnichannel, synthetic), what they lay out, at a scale. What is already "
            "complete is left alone.",
            "对随附中心 retail，在主目录下生成三个 SQLite 数据库：一家真实零售商一年的 CRM、ERP "
            "与订单管理系统。对 demo/ 中带 SQL 脚本的中心（如合成数据的 "
            "omnichannel），按规模生成脚本所定义的源系统。已完整的保持原样。",
        ),
        {
            "until": (
                "Last business day to lay out, in 2017; default: the whole year.",
                "数据截止的营业日（2017 年内）；默认全年。",
            ),
            "crm": (
                "Lay the CRM out on this database server instead: PostgreSQL, MariaDB, MySQL.",
                "改为把 CRM 写入该数据库服务器：PostgreSQL、MariaDB 或 MySQL。",
            ),
            "erp": ("The same for the ERP.", "ERP 同理。"),
            "oms": ("The same for order management.", "订单管理系统同理。"),
            "promotions": (
                "Of the ERP's promotions all 20.9 million, or those of what the panel bought: 0.3 million, "
                "which is faster and changes no number but that of products on promotion; default all.",
                "ERP 促销写入全部 2,090 万行，或只写入样本家庭买过的 30 万行："
                "后者更快，除促销商品数外不改变任何数字；默认全部。",
            ),
            "scale": (
                "For a center with scripts: how much they lay out; default 1.",
                "用于带脚本的中心：生成的数据规模；默认 1。",
            ),
            "if_missing": (
                "Do nothing where all of them are there, until whatever day, at whatever scale.",
                "源系统已存在时（无论截至哪天、何种规模）不做任何事。",
            ),
        },
        (
            ("metric-pipelines load-demo", ("the whole year", "全年数据")),
            (
                "metric-pipelines load-demo --until 2017-11-30",
                ("leaves December to come", "留下 12 月，逐日到来"),
            ),
            (
                "metric-pipelines --center omnichannel load-demo --scale 0.1",
                ("the center on TPC-DS, a tenth of it", "TPC-DS 中心，十分之一规模"),
            ),
        ),
    ),
    "demo": Help(
        ("Let something happen in the demo's source systems.", "让演示源系统发生变化。"),
        examples=(("metric-pipelines demo next-day", ("one more business day", "增加一个营业日")),),
    ),
    "demo next-day": Help(
        ("One more business day arrives in the order system and the CRM.", "订单系统与 CRM 多出一个营业日。"),
        examples=(
            (
                "metric-pipelines demo next-day && metric-pipelines refresh",
                ("a night at the center", "模拟一个夜间批次"),
            ),
        ),
    ),
    "demo bad-month": Help(
        (
            "A decimal point slips: all prices of a month become ten times as high.",
            "小数点错位：某月价格全部变为十倍。",
        ),
        (
            "The next refresh withholds that month and keeps what was published.",
            "下一次刷新会暂缓发布该月，保留先前的数据。",
        ),
        {"month": ("The month.", "月份。")},
        (
            ("metric-pipelines demo bad-month", ("spoil June 2017", "弄错 2017 年 6 月")),
            ("metric-pipelines demo bad-month --month 2017-08", ("spoil another month", "弄错另一个月")),
        ),
    ),
    "demo fix": Help(
        ("Take all bad months back, to the cent.", "恢复全部错误月份，分毫不差。"),
        examples=(
            ("metric-pipelines demo fix && metric-pipelines refresh", ("mend and publish", "修复并发布")),
        ),
    ),
    "validate": Help(
        (
            "Check all definitions of the center, without touching data.",
            "检查指标中心的全部定义，不读写数据。",
        ),
        (
            "Reads every YAML and SQL file and builds the asset graph. All problems are "
            "listed, each with file and line; then it "
            "exits with 2. Definitions that quarrel are problems too: one word for two computations, two "
            "names for one, a retired name used again.",
            "读取全部 YAML 与 SQL 文件并构建资产图。列出全部问题及文件行号，此时退出码为 2。"
            "相互冲突的定义同样算作问题：一名两义、一义两名、重新使用已停用的名称。",
        ),
        {
            "form": (
                "text (default), or json: each problem with file, line, found, expected and remedy.",
                "text（默认）或 json：逐条给出文件、行号、现状、期望与处理办法。",
            ),
            "as_json": ("The same as --format json.", "等同于 --format json。"),
        },
        (
            (
                "metric-pipelines validate",
                ("the center of METRIC_PIPELINES_CENTER", "检查 METRIC_PIPELINES_CENTER 指定的中心"),
            ),
            (
                "metric-pipelines validate --format json",
                ("problems for an editor or CI", "供编辑器或 CI 使用"),
            ),
        ),
    ),
    "schema": Help(
        (
            "Print the JSON Schema of a kind of file, for an editor to complete by.",
            "输出某类文件的 JSON Schema，供编辑器补全。",
        ),
        (
            "Without a kind, says which there are and which files they are for. docs/editor.md says how an "
            "editor is told of them.",
            "不指定种类时，列出全部种类及其对应的文件。编辑器的设置方法见 docs/editor.md。",
        ),
        {
            "kind": (
                "center, source, model, metric, channel or query.",
                "center、source、model、metric、channel 或 query。",
            )
        },
        (
            ("metric-pipelines schema", ("the kinds of files", "文件种类")),
            ("metric-pipelines schema metric", ("the schema of a metric's file", "指标文件的 Schema")),
        ),
    ),
    "refresh": Help(
        (
            "Read the sources; compute, check and publish what is due.",
            "读取源系统，计算、检查并发布待更新的内容。",
        ),
        (
            "What fails a blocking check is withheld with all that depends on it, and "
            "its last good values stay. Then the exit code "
            "is 1. A selection is computed even where nothing changed: `+name` adds "
            "everything upstream, `name+` everything downstream.",
            "未通过阻断检查的内容及其下游暂缓发布，先前的正确数值继续有效，此时退出码为 "
            "1。指定了选择时即使未变化也重新计算："
            "`+名称` 含全部上游，`名称+` 含全部下游。",
        ),
        {
            "select": (
                "Asset keys or metric names, with + for what is upstream or downstream; "
                "repeat, or separate by commas.",
                "资产键或指标名，可加 + 表示上下游；可重复，或用逗号分隔。",
            ),
            "partitions": (
                "Months: 2017-06, or 2017-03..2017-06; separate by commas.",
                "月份：2017-06 或 2017-03..2017-06；可用逗号分隔。",
            ),
            "dry_run": ("Show what would be computed, and do nothing.", "只显示将计算的内容，不执行。"),
            "as_json": _JSON,
        },
        (
            ("metric-pipelines refresh", ("everything that is due", "全部待更新内容")),
            ("metric-pipelines refresh --dry-run", ("what that would be", "预览将计算的内容")),
            (
                "metric-pipelines refresh --select +net_revenue --partitions 2017-03..2017-06",
                ("one metric with its sources, four months", "一个指标连同上游，四个月"),
            ),
        ),
    ),
    "scorecard": Help(
        ("Each metric's latest value, changes, checks and health.", "各指标的最新值、变化、检查与健康状况。"),
        (
            "While a month is not over, what is counted by day is compared with the same "
            "days of the other month.",
            "月份未结束时与另一月的同期天数比较；无法按天区分者与整月比较并标 ~。",
        ),
        {"as_json": _JSON},
        (
            ("metric-pipelines scorecard", ("by department", "按部门列出")),
            ("metric-pipelines scorecard --json", ("the same, for programs", "同样内容，供程序使用")),
        ),
    ),
    "metrics": Help(
        ("List metrics, or find one by words in English or Chinese.", "列出指标，或按中英文词语查找。"),
        (
            "Looks at names, codes, labels, synonyms and descriptions. What is called "
            "exactly so comes first, then what begins "
            "so, what holds it, and what is spelled nearly so.",
            "查找范围：名称、编号、中英文名、别名与说明。完全一致者在前，其次是开头一致、包含、拼写相近。",
        ),
        {
            "query": ("What to look for; nothing lists all.", "查找的词语；不填则列出全部。"),
            "department": ("Only this department's.", "只看某个部门。"),
            "reading": (
                "Only what reads this source column or table, such as erp.products.brand.",
                "只看读取该源字段或源表的指标，例如 erp.products.brand。",
            ),
            "as_json": _JSON,
        },
        (
            ("metric-pipelines metrics", ("all of them", "全部指标")),
            ("metric-pipelines metrics 留存", ("everything about retention", "与留存有关的指标")),
            ("metric-pipelines metrics revenue --department finance", ("in one department", "限定部门")),
        ),
    ),
    "show": Help(
        (
            "The card of a metric: meaning, owners, formula, lineage, values, checks.",
            "指标卡：口径、负责人、公式、血缘、数值、检查。",
        ),
        parameters={
            "metric": _METRIC,
            "columns": ("With the source columns it is computed from.", "列出其来源字段。"),
            "sql": (
                "Print only the query over its models that MetricFlow makes of it (DuckDB).",
                "只输出 MetricFlow 生成的、基于模型的查询（DuckDB）。",
            ),
            "as_json": _JSON,
        },
        examples=(
            ("metric-pipelines show net_revenue", ("by name", "按名称")),
            (
                "metric-pipelines show 净销售额 --columns",
                ("by label, with source columns", "按中文名，并列出来源字段"),
            ),
            (
                "metric-pipelines show SAL-001 --sql > net_revenue.sql",
                ("its SQL, to take along", "导出其 SQL"),
            ),
        ),
    ),
    "compare": Help(
        (
            "Two metrics side by side: definitions in words, values by month.",
            "并排比较两个指标：口径与逐月数值。",
        ),
        parameters={"first": _METRIC, "second": _METRIC, "as_json": _JSON},
        examples=(
            (
                "metric-pipelines compare household_retention basket_retention",
                ("two metrics, both called customer retention", "两个都被称为“客户留存率”的指标"),
            ),
        ),
    ),
    "values": Help(
        ("The numbers of a metric, by dimensions and period.", "指标数值，可按维度与期间。"),
        (
            "Answers with what was published. A month that is withheld answers with the "
            "values published before, marked †, or is "
            "left out and named. Shares (unit %) are printed as percent; JSON and CSV "
            "hold the share itself, 0.14 for 14 %.",
            "只用已发布的数据回答。暂缓发布的月份显示先前发布的数值并标 †，"
            "或不列出并说明。占比（单位 %）按百分数显示；"
            "JSON 与 CSV 保留原值，14 % 即 0.14。",
        ),
        {
            "metric": _METRIC,
            "by": ("Dimensions; repeat, or separate by commas.", "维度；可重复，或用逗号分隔。"),
            "grain": (
                "Length of a period: day, week, month, quarter or year.",
                "期间长度：day、week、month、quarter 或 year。",
            ),
            "start": ("First day, such as 2017-01-01.", "起始日，如 2017-01-01。"),
            "end": ("The day after the last, itself not included.", "结束日（不含当日）。"),
            "filter": (
                "Only rows for which this is true: SQL over dimensions and metric_time.",
                "只计满足该条件的行：以维度与 metric_time 书写的 SQL 条件。",
            ),
            "as_json": _JSON,
            "as_csv": ("Print CSV, for spreadsheets.", "输出 CSV，供电子表格使用。"),
            "explain": (
                "Say which way the answer came, as of which receipts, and by which SQL.",
                "说明取数方式、所依据的版本与 SQL。",
            ),
        },
        (
            ("metric-pipelines values net_revenue --grain month", ("by month", "按月")),
            (
                "metric-pipelines values net_revenue --by department --grain quarter --start 2017-04-01",
                ("by quarter and department", "按季度与部门"),
            ),
            (
                'metric-pipelines values average_basket --by household__income --filter "hour >= 17"',
                ("of the evening alone", "仅限晚间"),
            ),
            (
                "metric-pipelines values household_retention --by household__income --csv",
                ("for a spreadsheet", "供电子表格使用"),
            ),
        ),
    ),
    "query": Help(
        ("Answer a saved query: metrics side by side.", "回答已保存的查询：多个指标并列。"),
        (
            "A saved query is a file queries/<name>.yaml: metrics, dimensions, a period, a condition. "
            "Without a name, lists them. Each number is the one `values` gives.",
            "已保存的查询是文件 queries/<name>.yaml：指标、维度、期间与条件。"
            "不带名称时列出全部。每个数值都与 `values` 一致。",
        ),
        {
            "name": ("A saved query.", "已保存的查询。"),
            "start": ("First day, such as 2017-01-01.", "起始日，如 2017-01-01。"),
            "end": ("The day after the last, itself not included.", "结束日（不含当日）。"),
            "as_json": _JSON,
            "as_csv": ("Print CSV, for spreadsheets.", "输出 CSV，供电子表格使用。"),
        },
        (
            ("metric-pipelines query", ("list them", "列出全部")),
            ("metric-pipelines query board_month", ("answer one", "回答其中一个")),
        ),
    ),
    "health": Help(
        (
            "How each metric is: healthy, stale, failing, withheld or never published.",
            "各指标状况：正常、待更新、告警、暂缓或从未发布。",
        ),
        (
            "Exits with 1 if any is withheld, failing or was never published; stale "
            "metrics alone exit with 0.",
            "有指标暂缓发布、检查告警或从未发布时退出码为 1；仅待更新时为 0。",
        ),
        {"metric": _METRIC, "as_json": _JSON},
        (
            ("metric-pipelines health", ("all metrics", "全部指标")),
            (
                "metric-pipelines health net_revenue --json",
                ("one metric, for a monitor", "单个指标，供监控使用"),
            ),
        ),
    ),
    "site": Help(
        (
            "Build the dictionary as pages that open without a server.",
            "生成指标字典页面，无需服务器即可打开。",
        ),
        (
            "site/index.html below the home folder: search, a card for each metric, lineage, checks, change "
            "log, owners, sources; English and Chinese. A refresh builds it by itself when anything changed.",
            "位于主目录下的 site/index.html：搜索、指标卡、血缘、检查、变更日志、归属与数据源，中英双语。"
            "刷新后若有变化会自动生成。",
        ),
        {"and_open": ("Open it in the browser, too.", "同时在浏览器中打开。")},
        (
            ("metric-pipelines site", ("build it and show its path", "生成并显示路径")),
            ("metric-pipelines site --open", ("and open it", "并在浏览器中打开")),
        ),
    ),
    "doctor": Help(
        (
            "Say what is there, what degrades, and what to set.",
            "检查环境：有什么、缺什么、该设置什么。",
        ),
        (
            "Versions, variables, sources, ledger, lake, disk, and the Dagster instance with its daemon, "
            "schedule and sensor. Changes nothing; exit code 1 where something fails.",
            "检查版本、环境变量、数据源、台账、数据湖、磁盘，以及 Dagster 实例及其守护进程、定时与传感器。"
            "不做任何更改；有失败项时退出码为 1。",
        ),
        {"as_json": _JSON},
        (
            ("metric-pipelines doctor", ("all of it, with remedies", "全部检查及处理办法")),
            ("metric-pipelines doctor --json", ("for a monitor", "供监控使用")),
        ),
    ),
    "up": Help(
        (
            "Start the web interface and the daemon (Dagster) on this machine.",
            "在本机启动网页界面与守护进程（Dagster）。",
        ),
        (
            "On the loopback address only. The daemon runs the nightly refresh and "
            "follows what is started in the web interface. "
            "Ctrl-C stops both.",
            "仅监听本机地址。守护进程执行每夜刷新，并接续网页中启动的运行。按 Ctrl-C 全部停止。",
        ),
        {
            "read_only": (
                "Only look: no daemon, nothing can be started.",
                "只读：没有守护进程，不能启动任何运行。",
            ),
            "port": (
                "Port; default: METRIC_PIPELINES_PORT, or 3000.",
                "端口；默认 METRIC_PIPELINES_PORT 或 3000。",
            ),
        },
        (
            ("metric-pipelines up", ("at http://127.0.0.1:3000", "地址 http://127.0.0.1:3000")),
            ("metric-pipelines up --read-only --port 3001", ("beside another one", "与另一个并行")),
        ),
    ),
    "alerts": Help(
        (
            "The channels that alerts go to: mail, Slack, Teams, DingTalk ...",
            "告警渠道：邮件、Slack、Teams、钉钉等。",
        ),
        (
            "One file a channel in the center's folder alerts/. A refresh that withheld or "
            "failed something tells each of them once.",
            "指标中心 alerts/ 目录下每个渠道一个文件。刷新中有内容暂缓发布或失败时，每个渠道收到一条消息。",
        ),
        examples=(
            ("metric-pipelines alerts list", ("what is set up", "查看已配置的渠道")),
            ("metric-pipelines alerts test", ("a sample to all of them", "向全部渠道发送测试消息")),
        ),
    ),
    "alerts list": Help(
        (
            "List the channels: whether each can be used, and its last alert.",
            "列出渠道：是否可用，以及最近一次告警。",
        ),
        ("Sends nothing, and prints no secret.", "不发送任何消息，也不显示密钥。"),
        {"as_json": _JSON},
        (("metric-pipelines alerts list --json", ("for programs", "供程序使用")),),
    ),
    "alerts test": Help(
        (
            "Send a sample to one channel or all, and say whether each took it.",
            "向一个或全部渠道发送测试消息，并说明是否送达。",
        ),
        (
            "Exits with 1 where a channel did not take it, 2 where its file is wrong or it "
            "leads to a private address, 3 where a variable is not set; the worst of all.",
            "渠道未接收时退出码为 1，文件有误或指向内网地址时为 2，环境变量未设置时为 3；取最严重者。",
        ),
        {
            "channel": ("A channel; nothing means all.", "渠道名；不填则为全部。"),
            "as_json": _JSON,
        },
        (
            ("metric-pipelines alerts test", ("all channels", "全部渠道")),
            ("metric-pipelines alerts test ops_mail", ("one of them", "其中一个")),
        ),
    ),
    "docs": Help(
        (
            "Write the pages of docs/reference, or check that they are as the code says.",
            "生成 docs/reference 的页面，或检查其与代码一致。",
        ),
        parameters={
            "check": ("Only compare; exits with 1 where a page differs.", "只比较；有差异时退出码为 1。")
        },
        examples=(("metric-pipelines docs --check", ("in CI", "在 CI 中")),),
    ),
}

TYPERS_OWN: dict[str, Both] = {
    "help": ("Show this page.", "显示本页。"),
    "install_completion": ("Install completion for the current shell.", "为当前 shell 安装命令补全。"),
    "show_completion": ("Print the completion script for the current shell.", "输出当前 shell 的补全脚本。"),
}
"""Options that Typer adds by itself."""
