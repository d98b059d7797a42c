"""DVC stage ``render``: photos of synthetic identities; the index of all identities."""

from zoo.products.incremental import run_stage
from zoo.stages.render import run

if __name__ == "__main__":
    run_stage(run)
