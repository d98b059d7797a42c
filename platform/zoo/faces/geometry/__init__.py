"""Where a face lies: alignment, the frontal reference, head pose."""
