"""Products of the stages: receipts, digests, indices, failures, incremental making."""
