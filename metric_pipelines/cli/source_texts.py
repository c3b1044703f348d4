"""Texts of `add-source`, in English and Chinese; a doubt has one sentence, on the screen and in the YAML."""

from __future__ import annotations

SOURCE_TEXTS: dict[str, tuple[str, str]] = {
    "source.title": ("{what}: {n} tables", "{what}：{n} 张表"),
    "source.title.one": ("{what}: 1 table", "{what}：1 张表"),
    "source.table": ("Table", "表"),
    "source.there": ("There", "源中名称"),
    "source.rows": ("Rows", "行数"),
    "source.columns": ("Columns", "列数"),
    "source.key": ("Key", "主键"),
    "source.month": ("Months by", "按月分区列"),
    "source.guessed": ("What was guessed, to be looked at", "推断内容，请核对"),
    "source.where": ("Where", "位置"),
    "source.what": ("What", "说明"),
    "source.file": ("What would be written: {file}", "将写入：{file}"),
    "source.written": ("Written: {file}", "已写入：{file}"),
    "source.write": ("writes it", "写入"),
    "source.export": ("the password, for every command", "密码，运行任何命令前都需设置"),
    "source.validate": ("looks at the whole center", "检查整个指标中心"),
    "source.edit": ("owners, label, descriptions: change them", "负责人、名称、说明：请修改"),
    "source.refresh": ("reads it", "读取"),
    # the file's own remarks
    "source.remark": (
        "Drafted by `metric-pipelines add-source`; all rows kept to these rules that day. Remarks say what "
        "was guessed: delete each once it is looked at.",
        "由 `metric-pipelines add-source` 起草；当日全部行均符合这些规则。注释说明了推断之处，核对后请删除。",
    ),
    "source.remark.owners": (
        "owner@example.com is nobody: write who answers for this system, best a role's address.",
        "owner@example.com 仅为占位：请写明本系统的负责人，最好用岗位邮箱。",
    ),
    # doubts
    "doubt.almost": (
        "{n} value(s) such as {example!r} keep it from being of type {type}",
        "有 {n} 个值（如 {example!r}）使其不能作为 {type} 类型",
    ),
    "doubt.ambiguous_day": (
        "a date, but whether day or month comes first cannot be told: a string; say `type: date` and "
        "`format`",
        "是日期，但无法判断日、月先后：暂为字符串；请写明 `type: date` 与 `format`",
    ),
    "doubt.ambiguous_number": (
        "a number, but whether its comma or point is a decimal sign cannot be told: a string; say "
        "`read: {{decimal: ...}}` and the type",
        "是数字，但无法判断逗号或点是否为小数点：暂为字符串；请写明 `read: {{decimal: ...}}` 与类型",
    ),
    "doubt.before_start": (
        "{n} row(s) since {first} are older than the center, which begins with {start}: not read",
        "自 {first} 起有 {n} 行早于指标中心的起始月份 {start}：不会读取",
    ),
    "doubt.day_as_digits": (
        "every value such as 20240131 is a day: read as %Y%m%d",
        "各值形如 20240131，均为日期：按 %Y%m%d 读取",
    ),
    "doubt.format": ("read as {format}", "按 {format} 读取"),
    "doubt.gaps": (
        "{n} of the center's months have no rows ({first} to {last}): no min_rows",
        "指标中心有 {n} 个月没有数据（{first} 至 {last}）：未设 min_rows",
    ),
    "doubt.hidden": ("a hidden sheet, left out", "隐藏的工作表，未读取"),
    "doubt.isin": (
        "few different values: another one will be withheld until it is added",
        "取值种类很少：出现新值时将暂缓发布，直至加入",
    ),
    "doubt.key_by_data": (
        "{names}: unique in these rows; is it the key?",
        "{names}：在现有行中唯一；是否确为主键？",
    ),
    "doubt.latin": (
        "neither UTF-8 nor GB18030: read as {encoding}, in which no byte is wrong; look at the letters",
        "既非 UTF-8 也非 GB18030：按 {encoding} 读取（该编码不会报错），请核对文字",
    ),
    "doubt.left_out": ("left out: {reason}", "未读取：{reason}"),
    "doubt.many_digits": (
        "more than 9 digits after the point, or an exponent: double; money should be rounded at its source",
        "小数位超过 9 位或为指数形式：double；金额请在源头取整",
    ),
    "doubt.mended": ("{rule} did not hold, and was dropped", "{rule} 不成立，已去除"),
    "doubt.months": (
        "months by this column; delete partition_by to read the whole each time",
        "按此列分月；去掉 partition_by 则每次全量读取",
    ),
    "doubt.months.others": (
        "months by this column; it could also be {others}; delete partition_by to read the whole each time",
        "按此列分月；也可以是 {others}；去掉 partition_by 则每次全量读取",
    ),
    "doubt.no_key": (
        "no column or pair of columns is unique: no key",
        "没有唯一的列或列对：未设主键",
    ),
    "doubt.no_months": (
        "no day or time that is in every row: read as a whole each time",
        "没有每行都有值的日期或时间列：每次全量读取",
    ),
    "doubt.no_rows": (
        "no rows: types are what the system says (else string), and no rules",
        "没有数据：类型取自源系统（否则为字符串），未设规则",
    ),
    "doubt.not_in_all": (
        "not in all files, and not read: {names}",
        "并非所有文件都有，未读取：{names}",
    ),
    "doubt.number_signs": (
        "numbers with {decimal!r} as decimal sign, {thousands!r} between thousands",
        "数字的小数点为 {decimal!r}，千位分隔符为 {thousands!r}",
    ),
    "doubt.renamed": (
        "{names}: counted, since their names there are not in Latin letters; give them names of yours",
        "{names}：源中列名不是拉丁字母，故按序号命名；请另取名称",
    ),
    "doubt.time_zone": (
        "time stamps without a zone are taken to be of {zone}",
        "不带时区的时间按 {zone} 处理",
    ),
    "doubt.unnamed": ("{n} column(s) without a name, not read", "{n} 列没有列名，未读取"),
}
