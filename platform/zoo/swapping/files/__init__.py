"""Many inputs and outputs: planned, swapped in processes, reported."""
