"""DVC stage ``evaluate``: a report card and a picture sheet per network."""

from zoo.products.incremental import run_stage
from zoo.stages.evaluate import run

if __name__ == "__main__":
    run_stage(run)
