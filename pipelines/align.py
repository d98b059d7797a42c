"""DVC stage ``align``: an identity's photos, curated and aligned into one file."""

from zoo.products.incremental import run_stage
from zoo.stages.align import run

if __name__ == "__main__":
    run_stage(run)
