"""DVC stage ``render``: photos of the identities that are rendered people; who there is."""

from zoo.products.incremental import run_stage
from zoo.stages.render import run

if __name__ == "__main__":
    run_stage(run)
