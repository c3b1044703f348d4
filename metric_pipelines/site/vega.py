"""The script that draws the charts: Vega, Vega-Lite and Vega-Embed in one file, from `vl-convert-python`.

Nothing is downloaded: the package carries them. One file serves all pages; it is taken over from the site
before where the package is the same, since bundling takes two seconds.
"""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

NOTICE = (
    "/* Vega, Vega-Lite, Vega-Embed (BSD-3-Clause), https://vega.github.io; bundled by vl-convert {} */\n"
)
FILE = "vega.js"


def write_vega(folder: Path, before: Path) -> None:
    """Writes the script, which sets `vegaEmbed`, into a folder; `before` is where it may be already."""
    notice = NOTICE.format(version("vl-convert-python"))
    known = before / FILE
    if known.is_file() and _first_line(known) == notice:
        shutil.copy(known, folder / FILE)
        return
    import vl_convert  # late: it starts a JavaScript engine

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    (folder / FILE).write_text(f"{notice}(() => {{{bundle}\n}})();\n", encoding="utf-8")


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return lines.readline()
