"""DVC stage ``train``: one network per identity, all under one Ray driver."""

from zoo.incremental import run_stage
from zoo.settings import Project
from zoo.training.stage import train_identities


def main(project: Project) -> int:
    outcome = train_identities(project)
    for name in outcome.fresh:
        print(f"{name}: fresh")
    for name in outcome.made:
        print(f"{name}: trained")
    for name, reason in outcome.failed.items():
        print(f"{name}: failed: {reason}")
    return outcome.exit_code


if __name__ == "__main__":
    run_stage(main)
