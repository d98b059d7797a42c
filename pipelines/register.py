"""DVC stage ``register``: measured networks into the registry, and past its gate."""

from zoo.products.incremental import run_stage
from zoo.stages.register import run

if __name__ == "__main__":
    run_stage(run)
