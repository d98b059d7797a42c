"""One training in one process: the objective and the loop (torch)."""
