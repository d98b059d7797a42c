"""Everything that knows Ray: scheduler, workers, worker groups, progress."""
