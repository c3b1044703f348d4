"""Texts of `import`, `export` and `init`, in English and Chinese; a finding has what it is and what to do."""

from __future__ import annotations

LIST_TEXTS: dict[str, tuple[str, str]] = {
    # import excel
    "import.title": ("{file}: {n} rows, {drafts} drafts", "{file}：{n} 行，{drafts} 个草稿"),
    "import.sheet": ("sheet {name}", "工作表 {name}"),
    "import.others": ("Other sheets, not read: {names}", "其他工作表未读取：{names}"),
    "import.columns": ("What the columns are read as", "各列的含义"),
    "import.header": ("header in row {first}", "表头在第 {first} 行"),
    "import.header.two": ("header in rows {first} and {last}", "表头在第 {first}、{last} 行"),
    "import.column": ("Column", "列"),
    "import.heading": ("Heading", "列名"),
    "import.field": ("Read as", "读作"),
    "import.no_heading": ("(no heading)", "（无列名）"),
    "import.kept": ("notes", "备注（notes）"),
    "import.ignored": ("a running number, not kept", "序号，不保留"),
    "import.how.alike": ("by likeness", "按相近拼写猜测"),
    "import.how.said": ("as --map says", "由 --map 指定"),
    "import.how.unknown": ("unknown: kept as it is", "未识别：原样保留"),
    "import.how.second": ("a second column of this kind: kept as it is", "同类的第二列：原样保留"),
    "import.problems": ("Problems, by row", "问题（按行）"),
    "import.row": ("Row", "行"),
    "import.what": ("Problem", "问题"),
    "import.do": ("To do", "怎么办"),
    "import.no_problems": ("No problems.", "没有问题。"),
    "import.alike.known": (
        "In the dictionary already ({n}): rows {rows}",
        "已在字典中（{n} 个）：第 {rows} 行",
    ),
    "import.alike.words_only": (
        "The formula is in words only ({n}): rows {rows}",
        "公式只有文字描述（{n} 个）：第 {rows} 行",
    ),
    "import.departments": ("Departments to be added to center.yaml", "将加入 center.yaml 的部门"),
    "import.departments.written": ("Departments added to center.yaml", "已加入 center.yaml 的部门"),
    "import.drafts": ("Drafts that would be written in {folder}", "将写入 {folder} 的草稿"),
    "import.drafts.written": ("Drafts written in {folder}", "已写入 {folder} 的草稿"),
    "import.nothing": ("There is nothing to write.", "没有可写入的内容。"),
    "import.file": ("File", "文件"),
    "import.write": ("writes them", "写入"),
    "import.shown": ("shows what is missing of one", "查看其中一个还缺什么"),
    "import.listed": ("lists them with all metrics", "与全部指标一并列出"),
    # findings: what it is
    "list.no_name": ("no name: {found}", "缺名称：{found}"),
    "list.section": ("a title over the columns: {found}", "跨列的标题：{found}"),
    "list.no_department": ("no department", "缺部门"),
    "list.department_from_above": (
        "no department: taken from the row above, {other}",
        "缺部门：沿用上一行的 {other}",
    ),
    "list.new_department": ("{found} is no department of the center", "指标中心没有部门 {found}"),
    "list.known": ("{found} is in the dictionary already: {other}", "{found} 已在字典中：{other}"),
    "list.known_differs": (
        "{found} is in the dictionary already, with another definition: {other}",
        "{found} 已在字典中，但口径不同：{other}",
    ),
    "list.also_called": (
        "{found}: {other} of the dictionary is called so, too",
        "{found}：字典中的 {other} 也叫这个名称",
    ),
    "list.same_row": ("{found} is said in row {other} already", "{found} 与第 {other} 行重复"),
    "list.conflict": (
        "{found} has another definition in row {other}",
        "{found} 与第 {other} 行同名而口径不同",
    ),
    "list.same_code": ("code {found} is that of row {other}, too", "编号 {found} 与第 {other} 行相同"),
    "list.code_taken": ("code {found} is that of the metric {other}", "编号 {found} 已属于指标 {other}"),
    "list.two_owners": ("more than one owner: {found}", "不止一个负责人：{found}"),
    "list.owner_no_mail": ("not a mail address: {found}", "不是邮箱地址：{found}"),
    "list.unknown_value": ("cannot be read: {found}", "无法识别：{found}"),
    "list.key_taken": (
        "the name {found} is taken: it becomes {other}",
        "标识 {found} 已被占用：改用 {other}",
    ),
    "list.words_only": ("the formula is in words only", "公式只有文字描述"),
    # findings: what to do
    "list.no_name.do": ("name it; the row is left out", "补上名称；该行未导入"),
    "list.section.do": ("nothing; the row is left out", "无需处理；该行未导入"),
    "list.no_department.do": (
        "name it, or give --department; the row is left out",
        "补上部门或使用 --department；该行未导入",
    ),
    "list.department_from_above.do": (
        "write it into the row, if it is another",
        "若不是该部门，请在行内写明",
    ),
    "list.new_department.do": (
        "--write adds it as {other}; for another key, add it to center.yaml first",
        "--write 时加入，标识为 {other}；要用别的标识请先写入 center.yaml",
    ),
    "list.known.do": ("nothing; the row is left out", "无需处理；该行未导入"),
    "list.known_differs.do": (
        "decide which one holds; another metric needs another name. The row is left out",
        "请确定以哪个口径为准；若是另一个指标请换名。该行未导入",
    ),
    "list.also_called.do": (
        "say which one is meant, or give it another name",
        "说明指的是哪一个，或另取名称",
    ),
    "list.same_row.do": ("delete one; the row is left out", "删去其一；该行未导入"),
    "list.conflict.do": (
        "let both owners agree, or give them two names; both become drafts",
        "请双方负责人商定，或分别命名；两者均写为草稿",
    ),
    "list.same_code.do": ("give it a code of its own; the draft has none", "另编一个编号；草稿暂无编号"),
    "list.code_taken.do": ("give it a code of its own; the draft has none", "另编一个编号；草稿暂无编号"),
    "list.two_owners.do": (
        "one mail address a role, best of a role; kept in notes",
        "每个角色只写一个邮箱；已保留在备注中",
    ),
    "list.owner_no_mail.do": (
        "a mail address, best of a role; kept in notes",
        "写邮箱地址，最好是岗位邮箱；已保留在备注中",
    ),
    "list.unknown_value.do": (
        "kept in notes; write what the field takes",
        "已保留在备注中；请按字段要求填写",
    ),
    "list.key_taken.do": ("rename the file, if another name is better", "如有更好的标识，请重命名文件"),
    "list.words_only.do": (
        "say which model and column it counts, or which metrics it is made of",
        "写明取自哪个模型与字段，或由哪些指标组成",
    ),
    # import dbt
    "dbt.title": (
        "dbt project {label}: {metrics} metrics, {models} models",
        "dbt 项目 {label}：{metrics} 个指标，{models} 个模型",
    ),
    "dbt.progress.relations": ("Reading the relations ...", "正在读取各表……"),
    "dbt.progress.models": ("Flattening the semantic models ...", "正在展平语义模型……"),
    "dbt.progress.metrics": ("Trying the metrics ...", "正在试算指标……"),
    "dbt.not_carried": ("Metrics that are not carried over", "未导入的指标"),
    "dbt.metric": ("metric", "指标"),
    "dbt.why": ("why", "原因"),
    "dbt.notes": ("To be known", "说明"),
    "dbt.where": ("where", "位置"),
    "dbt.all_carried": ("Every metric is carried over.", "全部指标均已导入。"),
    "dbt.start": ("the first month is {month}", "起始月份为 {month}"),
    "dbt.files.written": ("{n} files written to {folder}", "已写入 {n} 个文件：{folder}"),
    "dbt.files": ("{n} files would be written", "将写入 {n} 个文件"),
    "dbt.write": ("writes them as a new center", "写成新的指标中心"),
    "dbt.refresh": ("computes and publishes", "计算并发布"),
    # export
    "export.written": ("{file}: {n} sheets", "{file}：{n} 个工作表"),
    "export.no_health": (
        "Nothing was computed yet: the sheet of metrics has no states.",
        "尚未计算：指标表中没有状态。",
    ),
    # init
    "init.title": ("A new metric center: {label}", "新的指标中心：{label}"),
    "init.in": ("in {folder}", "位于 {folder}"),
    "init.drafts": ("{n} drafts from {file}", "来自 {file} 的 {n} 个草稿"),
    "init.findings": (
        "{n} problems in the list: `metric-pipelines import excel` names them by row",
        "清单中有 {n} 个问题：用 `metric-pipelines import excel` 可逐行查看",
    ),
    "init.go": ("everything below is typed in this folder", "以下命令均在此文件夹中运行"),
    "init.refresh": ("reads the example and publishes two metrics", "读取示例并发布两个指标"),
    "init.scorecard": ("how they are", "查看指标看板"),
    "init.up": ("the web interface", "网页界面"),
    "init.readme": ("how to put your own in its place", "说明如何换成自己的内容"),
}
