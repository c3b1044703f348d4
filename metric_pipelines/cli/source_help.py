"""What `--help` says of `add-source`."""

from __future__ import annotations

from metric_pipelines.cli.help_entry import JSON, Help

SOURCE_HELP: dict[str, Help] = {
    "add-source": Help(
        (
            "Draft the YAML of a source system from the system itself.",
            "根据源系统本身起草其 YAML 定义。",
        ),
        (
            "A database (PostgreSQL, MariaDB, MySQL, SQLite, DuckDB), a CSV, Parquet or Excel file, or a "
            "folder of them. All rows are read: types, keys, months and rules are guessed from them, and "
            "tried on them, so that the contract holds. What is doubtful is listed. A password that is typed "
            "is never written: the YAML names a variable of the environment. Without --write nothing is "
            "written; with it, one file, and never over another.",
            "支持数据库（PostgreSQL、MariaDB、MySQL、SQLite、DuckDB）、CSV / Parquet / Excel "
            "文件或其文件夹。会读取全部行，据此推断类型、主键、月份与规则，并逐一验证，使契约在现有数据上成立；"
            "存疑之处会列出。命令行中的密码不会写入文件：YAML 中只写环境变量名。"
            "不加 --write 时不写入任何文件；加上后只写一个文件，且绝不覆盖。",
        ),
        {
            "what": (
                "The source: a URL, a file or a folder. `${NAME}` in a URL comes from the environment "
                "(quote it).",
                "源：URL、文件或文件夹。URL 中的 `${NAME}` 取自环境变量（请加单引号）。",
            ),
            "name": (
                "Its name in the center; default: that of the database, file or folder.",
                "在指标中心中的名称；默认取数据库、文件或文件夹名。",
            ),
            "tables": (
                "Only these tables, by the names they have there or would have here; repeat, or separate by "
                "commas.",
                "只取这些表（源中的名称或起草后的名称）；可重复，或用逗号分隔。",
            ),
            "write": ("Write sources/NAME.yaml.", "写入 sources/NAME.yaml。"),
            "as_json": JSON,
        },
        (
            (
                "metric-pipelines add-source 'postgresql://reader:${OMS_PASSWORD}@db.example.com/oms'",
                ("a database: looks, writes nothing", "数据库：只查看，不写入"),
            ),
            (
                "metric-pipelines add-source 销售明细.csv --name sales --write",
                ("a file", "一个文件"),
            ),
            (
                "metric-pipelines add-source exports --tables orders,stores --write",
                ("some tables of a folder", "文件夹中的部分表"),
            ),
        ),
    ),
}
