"""The measures, one per module, each with its definition."""
