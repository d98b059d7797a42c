"""The command ``zoo swap``."""
