"""What the documentation names is there: commands and their options, pages, pictures, modules.

Nothing is run here; `test_pages.py` runs the blocks that can be.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from typer.core import TyperCommand, TyperGroup

from zoo.cli.main import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
STAGES = set(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
EXPERIMENTS = ROOT / "platform" / "zoo" / "evaluation" / "experiment_arguments.py"
SEPARATORS = "|&;()<>\n"
FENCED = re.compile(r"```(?:bash)?\n(.*?)```", re.DOTALL)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_every_command_of_a_page_would_be_understood(page: Path) -> None:
    for words in written_out(page):
        if words[0] == "zoo" and "[OPTIONS]" not in words:
            command, rest = find_command(words[1:])
            assert rest[:1] == ["--install-completion"] or command.make_context("zoo", rest), words
    for words in mentioned(page):
        if words[0] == "zoo":
            command, rest = find_command(words[1:])
            known = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in rest if word.startswith("-")} <= known | {"--help"}, words


@each_page
def test_every_script_target_and_stage_that_a_page_names_is_there(page: Path) -> None:
    for words in (*written_out(page), *mentioned(page)):
        options = {word for word in words if word.startswith("-")}
        plain = [word for word in words if word not in options]
        if words[0] == "make":
            assert {word for word in plain[1:] if "=" not in word} <= TARGETS, words
        elif plain[:2] == ["dvc", "repro"]:
            assert set(plain[2:]) <= STAGES, words
        elif words[0] == "python" and plain[1].endswith(".py"):
            source = (ROOT / plain[1]).read_text() + EXPERIMENTS.read_text()
            assert {f'"{option}"' for option in options} <= set(re.findall(r'"--[\w-]+"', source))


@each_page
def test_every_link_to_a_page_or_picture_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_of_the_navigation_is_there_and_every_page_is_in_it() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/-]+\.md", yaml.safe_dump(yaml.safe_load(text)["nav"])))
    assert named == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def test_every_module_of_the_python_reference_is_there() -> None:
    for page in (DOCS / "reference" / "api").glob("*.md"):
        for name in re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            path = ROOT / "platform" / name.replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").is_file(), name


def test_every_module_of_the_glossary_is_there_and_every_term_is_explained_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (.+) \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    terms = [term for term, _ in rows if term not in ("term", "---")]
    assert len(terms) == len(set(terms)) > 60
    modules = {name for _, row in rows for name in re.findall(r"`(zoo\.[\w.]+)`", row)}
    assert len(modules) > 50
    for name in modules:
        path = ROOT / "platform" / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


def written_out(page: Path) -> Iterator[list[str]]:
    """The commands in a page's blocks, as the shell would split them."""
    for block in FENCED.findall(page.read_text(encoding="utf-8")):
        if re.search(r"^\s*(zoo|dvc|python|make) ", block, re.MULTILINE):
            yield from split(block)


def mentioned(page: Path) -> Iterator[list[str]]:
    """The commands in a page's sentences and tables, with parts in capitals or dots left open."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for code in re.findall(r"`([^`]+)`", text):
        if re.match(r"(zoo|dvc|python|make) ", code):
            yield from split(code)


def split(text: str) -> Iterator[list[str]]:
    text = re.sub(r"(^|\s)#.*", r"\1", text.replace("\\\n", " "), flags=re.MULTILINE)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=SEPARATORS)
    lexer.whitespace, lexer.whitespace_split = " \t", True
    words: list[str] = []
    for token in (*lexer, "\n"):
        if not set(token) <= set(SEPARATORS):
            words.append(token)
        elif words:
            yield words
            words = []


def find_command(words: list[str]) -> tuple[TyperCommand | TyperGroup, list[str]]:
    """The command that ``words`` begin with, and the words that are left for it."""
    found: object = typer.main.get_command(app)
    rest = list(words)
    while isinstance(found, TyperGroup) and rest and not rest[0].startswith("-"):
        found = found.commands.get(rest.pop(0))
    assert isinstance(found, TyperCommand | TyperGroup), f"zoo {shlex.join(words)}"
    return found, rest
