"""What `--help` says of `init`, `import` and `export`."""

from __future__ import annotations

from metric_pipelines.cli.help_entry import JSON, Help

LIST_HELP: dict[str, Help] = {
    "init": Help(
        ("Make a new, working metric center in a folder.", "在一个文件夹中新建可直接运行的指标中心。"),
        (
            "It holds a small example source, a model, a calendar and two metrics, to be replaced by "
            "your own, "
            "and its own workspace.yaml, dagster.yaml and README in the language that is spoken (--lang). "
            "Commands typed in the folder mean this center. A folder that is not empty is refused.",
            "内含一个小型示例数据源、一个模型、日历与两个指标（待换成自己的内容），以及各自的 "
            "workspace.yaml、"
            "dagster.yaml 与 README（语言由 --lang 决定）。在该文件夹中运行的命令即针对此中心。"
            "文件夹非空时拒绝执行。",
        ),
        {
            "folder": ("The folder; made where it is missing.", "文件夹；不存在时新建。"),
            "name": (
                "What people call the center; default: the folder's name.",
                "指标中心的名称；默认取文件夹名。",
            ),
            "from_excel": (
                "A list of metrics to put into it as drafts, as `import excel` reads it.",
                "指标清单，其中的指标作为草稿写入（读法同 `import excel`）。",
            ),
            "from_dbt": (
                "A dbt project or semantic_manifest.json whose models and metrics it is made of, as "
                "`import dbt` reads it.",
                "dbt 项目或 semantic_manifest.json，以其模型与指标建立中心（读法同 `import dbt`）。",
            ),
        },
        (
            ("metric-pipelines init acme --name 'Acme metrics'", ("from nothing", "从零开始")),
            (
                "metric-pipelines init acme --from-excel list.xlsx",
                ("from a company's list", "从公司的指标清单开始"),
            ),
            ("metric-pipelines init acme --from-dbt ~/jaffle", ("from a dbt project", "从 dbt 项目开始")),
            (
                "metric-pipelines init acme --lang zh",
                ("with Chinese comments and README", "注释与 README 用中文"),
            ),
        ),
    ),
    "import": Help(
        ("Take definitions of metrics from elsewhere.", "从别处导入指标定义。"),
        examples=(
            ("metric-pipelines import excel list.xlsx", ("a company's list of metrics", "公司的指标清单")),
            (
                "metric-pipelines import dbt ~/jaffle",
                ("dbt's semantic models and metrics", "dbt 的语义模型与指标"),
            ),
        ),
    ),
    "import dbt": Help(
        (
            "Carry a dbt project's semantic models and metrics over to a center.",
            "把 dbt 项目的语义模型与指标导入指标中心。",
        ),
        (
            "Reads target/semantic_manifest.json, or the YAML of either dbt spec, and each relation once "
            "where dbt built it: its columns and types, which joins keep rows single, the days there are. "
            "A semantic model becomes a flat model with all it can be joined to (dbt's listing__country is "
            "listing_country); a metric keeps dbt's computation and MetricFlow's values, or is not carried "
            "over, with the reason. Without --into nothing is written. A FOLDER that is not there becomes a "
            "new center; into a center that is there, all files or none, and never over one.",
            "读取 target/semantic_manifest.json 或两种 dbt 规范的 YAML，并在 dbt 建表处把各表读取一次："
            "字段与类型、哪些关联不会使行重复、有哪些日期。每个语义模型成为一个展平的模型，"
            "含全部可关联的维度（dbt 的 listing__country 即 listing_country）；指标沿用 dbt 的计算方式，"
            "取值与 MetricFlow 一致，否则不导入并说明原因。不加 --into 时不写入任何文件。"
            "FOLDER 不存在时新建指标中心；已有中心时要么全部写入要么都不写，且绝不覆盖已有文件。",
        ),
        {
            "path": (
                "A dbt project's folder, a semantic_manifest.json, or YAML.",
                "dbt 项目文件夹、semantic_manifest.json 或 YAML。",
            ),
            "into": ("The center's folder, new or there.", "指标中心的文件夹，新建或已有。"),
            "connection": (
                "Where the relations stand, such as duckdb:////srv/jaffle.duckdb; default: dbt's profile.",
                "表所在的数据库，如 duckdb:////srv/jaffle.duckdb；默认取 dbt 的 profile。",
            ),
            "source": ("The name of the source system.", "数据源的名称。"),
            "department": ("The department of the metrics.", "指标所属的部门。"),
            "owner": ("The mail address of who owns them at first.", "最初负责人的邮箱。"),
            "target": ("The target of dbt's profile.", "dbt profile 的 target。"),
            "assets": (
                "Tie each table to the asset that dagster-dbt makes of it.",
                "把各表与 dagster-dbt 为其生成的资产关联。",
            ),
            "as_json": JSON,
        },
        (
            ("metric-pipelines import dbt ~/jaffle", ("looks, writes nothing", "只查看，不写入")),
            ("metric-pipelines import dbt ~/jaffle --into metrics", ("writes a center", "写出指标中心")),
            (
                "metric-pipelines import dbt target/semantic_manifest.json --connection duckdb:///dev.duckdb",
                ("without a profile", "没有 profile 时"),
            ),
        ),
    ),
    "import excel": Help(
        (
            "Read a company's list of metrics (指标清单) into drafts.",
            "把公司的指标清单读入为草稿指标。",
        ),
        (
            "An .xlsx or CSV file (UTF-8 or GB18030). The header is found below titles, in one row or "
            "two of merged "
            "cells; what its columns mean is guessed in English and Chinese, and shown. Problems are "
            "listed by row: "
            "two owners in a cell, a name or code given twice, one name with two definitions, a "
            "missing name, an "
            "unknown department, what is in the dictionary already. What has no field is kept in the "
            "draft's notes. "
            "Without --write nothing is written; with it, all drafts or none, and never over a file.",
            "支持 .xlsx 与 CSV（UTF-8 或 GB18030）。表头可在标题之下，可为一行或两行合并单元格；"
            "按中英文猜测各列含义并列出。"
            "问题逐行列出：一格两个负责人、名称或编号重复、同名不同口径、缺名称、未知部门、已在字典中等。"
            "没有对应字段的内容保留在草稿的 notes 中。不加 --write 时不写入任何文件；"
            "加上后要么全部写入要么都不写，"
            "且绝不覆盖已有文件。",
        ),
        {
            "file": ("The list.", "清单文件。"),
            "sheet": ("The sheet; default: the first with a header.", "工作表；默认取第一个有表头的。"),
            "maps": (
                "What a column is, such as `口径=description`; repeat. Fields: key, label, code, "
                "description, "
                "formula, department, owner, business_owner, technical_owner, unit, refresh_frequency, "
                "synonyms, "
                "purpose, counted, not_counted, caveats, scenario, tier, direction, target, "
                "reviewed_on, number.",
                "指定某列的含义，如 `口径=description`；可重复。字段：key、label、code、description、"
                "formula、"
                "department、owner、business_owner、technical_owner、unit、refresh_frequency、synonyms、purpose、"
                "counted、not_counted、caveats、scenario、tier、direction、target、reviewed_on、number。",
            ),
            "department": (
                "The department of rows that name none.",
                "未写部门的行所属的部门。",
            ),
            "into": (
                "The center's folder; default: the current center.",
                "指标中心的文件夹；默认为当前中心。",
            ),
            "write": ("Write the drafts.", "写入草稿。"),
            "as_json": JSON,
        },
        (
            ("metric-pipelines import excel list.xlsx", ("looks, writes nothing", "只查看，不写入")),
            ("metric-pipelines import excel list.xlsx --write", ("writes the drafts", "写入草稿")),
            (
                "metric-pipelines import excel list.csv --map '考核口径=description' --department sales",
                ("says what is what", "指明列与部门"),
            ),
        ),
    ),
    "export": Help(
        ("Give what the center holds to others.", "导出指标中心的内容。"),
        examples=(
            ("metric-pipelines export dictionary --xlsx dictionary.xlsx", ("the dictionary", "指标字典")),
        ),
    ),
    "export dictionary": Help(
        ("Write the whole dictionary as an Excel workbook.", "把整个指标字典写成 Excel 工作簿。"),
        (
            "Sheets of metrics (with their health, once something was computed), drafts, models, "
            "sources with their "
            "contracts, departments and owners.",
            "工作表：指标（计算过后含健康状况）、草稿、模型、数据源及其契约、部门、负责人。",
        ),
        {
            "xlsx": ("The workbook.", "工作簿文件。"),
            "force": ("Replace the file where it is there.", "文件已存在时替换。"),
        },
        (
            ("metric-pipelines export dictionary --xlsx dictionary.xlsx", ("in English", "英文表头")),
            (
                "metric-pipelines export dictionary --xlsx 指标字典.xlsx --lang zh --force",
                ("with Chinese headings, anew", "中文表头，覆盖旧文件"),
            ),
        ),
    ),
}
