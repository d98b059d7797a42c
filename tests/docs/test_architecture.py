"""The tree of docs/architecture.md is the tree."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = Path("platform/zoo")
_LINE = re.compile(r"( *)([\w.-]+(?:/zoo)?/?)(?: |$)")


def drawn() -> list[str]:
    """The paths of the page's tree, by its indentation; continued descriptions stand alone."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = page.split("```\n")[1]
    found: list[str] = []
    above: list[str] = []
    for line in block.splitlines():
        if (entry := _LINE.match(line)) and len(entry[1]) <= 8:
            depth = len(entry[1]) // 2
            above[depth:] = [entry[2]]
            found.append("".join(above))
    return found


def test_the_page_draws_every_folder_and_no_other() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    folders = {parent for name in listed for parent in Path(name).parents}
    packages = {folder for folder in folders if folder.is_relative_to(PACKAGE)}
    packages -= {PACKAGE / "serving" / "web" / "page"}  # no modules: what browsers load
    tops = {folder for folder in folders if len(folder.parts) == 1}
    tops = {folder for folder in tops if not folder.name.startswith(".")} - {PACKAGE.parent}
    parts = {folder for folder in folders if folder.parent == Path("pipelines")}
    modules = {Path(name) for name in listed if Path(name).parent == PACKAGE}
    modules -= {PACKAGE / "__init__.py", PACKAGE / "py.typed"}
    expected = {f"{path}/" for path in packages | tops | parts}
    expected |= {str(path) for path in modules} | {"dvc.yaml", "params.yaml"}
    assert sorted(drawn()) == sorted(expected)
