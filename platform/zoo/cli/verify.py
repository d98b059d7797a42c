"""``zoo verify``: prints the provenance of files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.terminal.options import PICTURES, Json, examples
from zoo.cli.terminal.output import print_line, print_name
from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.provenance.credentials.manifest_history import Step
    from zoo.provenance.credentials.verifying import Finding


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=PICTURES,
        no_args_is_help=True,
        epilog=examples(
            "zoo verify swapped.jpg",
            "zoo verify --quiet swapped/*.jpg || echo 'some were altered'",
            "zoo verify --json clip.mp4 | jq '.[0].steps[0].swap'",
        ),
    )(verify)


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Photos and videos.", show_default=False),
    ],
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the names of those that are not valid.")
    ] = False,
) -> None:
    """Show how photos and videos were made, and whether they were altered.

    Exit code 0 if all carry a valid manifest, 1 if one was altered or carries none.
    """
    from zoo.cli.terminal.output import note, print_json
    from zoo.errors import PhotoError
    from zoo.provenance.credentials.verifying import FINE
    from zoo.provenance.credentials.verifying import verify as check

    findings: list[Finding] = []
    failed = False
    for number, file in enumerate(files):
        try:
            finding = check(file)
        except PhotoError as error:
            note(f"error: {error}")
            failed = True
            continue
        failed = failed or finding.status not in FINE
        if as_json:
            findings.append(finding)
        elif not quiet:
            lines = map(printable, _lines(finding))
            print_line("\n" * bool(number) + "\n".join(lines))
        elif finding.status not in FINE:
            print_name(file)
    if as_json:
        print_json(findings)
    sys.exit(1 if failed else 0)


def _lines(finding: "Finding") -> list[str]:
    from zoo.provenance.credentials.verifying import FINE

    lines = [f"{finding.file}: {finding.status}", f"  {finding.explanation}"]
    if finding.steps and finding.status not in FINE:
        lines.append("  Its manifest, which may not apply to this file, says:")
    for number, step in enumerate(finding.steps):
        if number:
            lines.append("  Before that, its input said:")
        lines += [f"  {'  ' * bool(number)}{line}" for line in _words(step)]
        if not number and finding.by_this_user:
            lines.append("  That is the key of this user on this machine.")
    return lines


def _words(step: "Step") -> list[str]:
    lines = list(step.says)
    if settings := step.swap.get("settings"):
        lines.append("Settings: " + ", ".join(f"{key} {value}" for key, value in settings.items()))
    by = f"{step.issuer} ({step.key})" if step.key else step.issuer or "an unnamed key"
    clock = f"; its clock said {step.when}" if step.when else ""
    lines.append(f"Signed by {by}, with {step.software or 'software unnamed'}{clock}.")
    if step.problems:
        lines.append(f"It was no longer valid when it was swapped: {', '.join(step.problems)}.")
    return lines
