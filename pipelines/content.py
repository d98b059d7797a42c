"""DVC stage ``content``: faces of many people for training, and photos held out from it."""

from zoo.products.incremental import run_stage
from zoo.stages.content import run

if __name__ == "__main__":
    run_stage(run)
