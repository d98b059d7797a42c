"""DVC stage ``train``: one network per identity, all under one Ray driver."""

from zoo.products.incremental import run_stage
from zoo.stages.train import run

if __name__ == "__main__":
    run_stage(run)
