"""What the documentation names is there: commands, pages, pictures and modules."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from zoo.cli.main import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def known_commands() -> set[str]:
    root = typer.main.get_command(app)
    found = set()
    for name, command in getattr(root, "commands", {}).items():
        below = getattr(command, "commands", {})
        found |= {f"zoo {name} {inner}" for inner in below} or {f"zoo {name}"}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_zoo_command_in_a_code_block_exists(page: Path) -> None:
    known = known_commands()
    for block in re.findall(r"```[a-z]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            words = line.split()
            if words[:1] == ["zoo"] and len(words) > 1 and not words[1].startswith("-"):
                named = {" ".join(words[:2]), " ".join(words[:3])}
                assert named & known, f"{page.name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_link_to_a_page_or_picture_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_of_the_navigation_is_there_and_every_page_is_in_it() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/-]+\.md", yaml.safe_dump(yaml.safe_load(text)["nav"])))
    assert named == {str(page.relative_to(DOCS)) for page in PAGES}


def test_every_module_of_the_python_reference_is_there() -> None:
    for page in (DOCS / "reference" / "api").glob("*.md"):
        for name in re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            path = ROOT / "platform" / name.replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").is_file(), name
