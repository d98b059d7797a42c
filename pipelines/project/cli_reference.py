"""Generates docs/reference/cli.md from the commands' help; with --check only compares.

python pipelines/project/cli_reference.py [--check]
"""

import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from zoo.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def main() -> int:
    text = reference()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is not what the help says; run: python pipelines/project/cli_reference.py")
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def reference() -> str:
    """The page, in the order of `zoo --help`."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    parts = [
        "# Command line",
        "This page is made from the commands' own help by "
        "`python pipelines/project/cli_reference.py`.",
        _plain(root.help),
        _plain(root.epilog),
        "Results go to standard output; progress, remarks and errors to standard error. Every "
        "command takes `--json`, and `--quiet`, which prints names only. `zoo "
        "--install-completion` teaches your shell the commands, their options and the names of "
        "identities.",
    ]
    panels: dict[str, list[tuple[str, TyperCommand]]] = {}
    for name, command in _commands(root, "zoo"):
        panels.setdefault(_panel(root, name), []).append((name, command))
    for panel, commands in panels.items():
        parts.append(f"## {panel}")
        for name, command in commands:
            parts += _section(name, command)
    return "\n\n".join(part for part in parts if part) + "\n"


def _commands(group: TyperGroup, prefix: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{prefix} {name}")
        elif isinstance(command, TyperCommand) and not command.hidden:
            yield f"{prefix} {name}", command


def _panel(root: TyperGroup, name: str) -> str:
    first = root.commands[name.split()[1]]
    return str(getattr(first, "rich_help_panel", None) or "Commands")


def _section(name: str, command: TyperCommand) -> Iterator[str]:
    yield f"### {name}"
    context = typer.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    usage = re.sub(r"\{(.*?)\}", r"\1", usage)
    yield f"```\n{name} {usage}\n```"
    yield _plain(command.help)
    rows = [
        _row(parameter, context)
        for parameter in command.params
        if isinstance(parameter, TyperArgument | TyperOption)
    ]
    if shown := [row for row in rows if row]:
        yield "| | |\n|---|---|\n" + "\n".join(shown)
    if command.epilog:
        lines = [line for line in command.epilog.split("\n\n") if line != "Examples:"]
        yield "```\n" + "\n".join(lines) + "\n```"


def _row(parameter: TyperArgument | TyperOption, context: typer.Context) -> str:
    if isinstance(parameter, TyperArgument):
        words = getattr(parameter, "help", None) or ""
        return f"| {_code(parameter.make_metavar(context))} | {_cell(words)} |"
    if parameter.hidden or parameter.name == "help":
        return ""
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    metavar = parameter.make_metavar(context).replace(" range>", ">")
    takes = "" if parameter.is_flag else f" {_code(metavar)}"
    words = f"{parameter.help or ''}{' Required.' if parameter.required else ''}"
    default = parameter.default
    if not parameter.is_flag and getattr(parameter, "show_default", True) and default is not None:
        words += f" Default: `{default}`."
    return f"| {names}{takes} | {_cell(words)} |"


def _code(words: str) -> str:
    """As HTML: in a table's code, Markdown's dialects disagree on how a bar is written."""
    return f"<code>{html.escape(words.strip('{}')).replace('|', '&#124;')}</code>"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


def _plain(words: str | None) -> str:
    """Paragraphs, each on one line."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", (words or "").strip())


if __name__ == "__main__":
    sys.exit(main())
