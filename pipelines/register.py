"""DVC stage ``register``: registers measured networks, promotes those that pass the gate."""

from zoo.products.incremental import run_stage
from zoo.stages.register import run

if __name__ == "__main__":
    run_stage(run)
