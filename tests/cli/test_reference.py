"""The reference is what the help says, every command has examples, and names complete."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import typer

from tests.cli.conftest import Zoo
from zoo.cli.main import app
from zoo.settings import Project

SCRIPT = runpy.run_path(
    str(Path(__file__).parents[2] / "pipelines" / "project" / "cli_reference.py")
)


def test_the_reference_is_current() -> None:
    hint = "run: python pipelines/project/cli_reference.py"
    assert SCRIPT["PAGE"].read_text(encoding="utf-8") == SCRIPT["reference"](), hint


def test_every_command_has_examples_that_name_it() -> None:
    for name, command in SCRIPT["_commands"](typer.main.get_command(app), "zoo"):
        assert command.epilog, f"{name} has no examples"
        lines = command.epilog.split("\n\n")
        assert lines[0] == "Examples:"
        assert all(line.startswith(name) for line in lines[1:]), name


def test_every_command_speaks_json_and_can_be_quiet() -> None:
    for name, command in SCRIPT["_commands"](typer.main.get_command(app), "zoo"):
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "--quiet"} <= options, name


def test_the_shell_completes_commands_and_names_of_identities(
    zoo: Zoo, project: Project, tmp_path: Path
) -> None:
    (project.identities / "maria").mkdir(parents=True)
    (project.identities / "maria" / "identity.yaml").write_text("")
    cached = tmp_path / "cache" / "networks" / "0" / "mario"
    cached.mkdir(parents=True)
    (cached / "aliases.json").write_text("{}")

    def complete(words: str) -> list[str]:
        environment = {
            **os.environ,
            "ZOO_CACHE": str(tmp_path / "cache"),
            "_ZOO_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        # The name of the program, from which the variable's name is made, is sys.argv[0].
        code = "import sys; sys.argv[0] = 'zoo'; from zoo.cli.main import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return done.stdout.split()

    assert "identity" in complete("zoo id")
    assert complete("zoo show mar") == ["maria", "mario"]
    assert complete("zoo swap --identity mario") == ["mario"]
