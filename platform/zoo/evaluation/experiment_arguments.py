"""Command-line arguments of the experiments' scripts."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from zoo.errors import IdentityError, UsageError, ZooError
from zoo.evaluation.experiment import Experiment
from zoo.printable import printable
from zoo.settings import Project, find_project
from zoo.training.plan import CONTENT

FOLDER = "experiments"
"""In the project; each experiment has a folder of its own in it."""


def parser(description: str, name: str) -> argparse.ArgumentParser:
    """Options that all experiments share; ``name`` is that of the experiment's folder."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--project", type=Path, help="default: the project around this folder")
    parser.add_argument("--identities", nargs="+", metavar="NAME", help="default: all of them")
    parser.add_argument("--recipe", metavar="R", help="the one to change; default: the one in use")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"default: {FOLDER}/{name} in the project"
    )
    parser.add_argument(
        "--processes", type=int, default=1, metavar="N", help="trials side by side, a thread each"
    )
    parser.set_defaults(experiment=name)
    return parser


def selected(arguments: argparse.Namespace) -> tuple[Experiment, list[str]]:
    """The experiment and its identities; their photos and the content are aligned if need be.

    Raises:
        ProjectError: there is no project.
        UsageError: an identity is unknown, or none is known.
        IdentityError: the project could not be brought up to date.
    """
    project = find_project(arguments.project)
    known = sorted(path.parent.name for path in project.identities.glob("*/identity.yaml"))
    names: list[str] = arguments.identities or known
    if not names:
        raise UsageError(f"{project.root} has no identities; add one with `zoo identity add`.")
    if unknown := sorted(set(names) - set(known)):
        raise UsageError(
            f"{project.root} has no identity {', '.join(unknown)}; it has {', '.join(known)}."
        )
    wanted = [project.aligned / f"{name}.safetensors" for name in names]
    if not all(path.is_file() for path in [*wanted, project.content / CONTENT]):
        _align(project)
    folder = (arguments.out or project.root / FOLDER / arguments.experiment).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return Experiment(project, folder, arguments.recipe, max(1, arguments.processes)), names


def run_experiment(script: Callable[[], int]) -> None:
    """Runs an experiment's script and exits with its code; errors for people are one line."""
    try:
        code = script()
    except ZooError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        code = error.exit_code
    raise SystemExit(code)


def _align(project: Project) -> None:
    # Stages call `python`, which must be this one also when the environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", "align", "content"]
    env = {**os.environ, "PATH": path}
    if subprocess.run(command, cwd=project.root, env=env, check=False).returncode:
        raise IdentityError(
            f"`dvc repro align content` failed in {project.root}; its output is above."
        )
