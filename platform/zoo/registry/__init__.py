"""The registry of networks (MLflow) and the user's cache of them.

Registered model = identity. :mod:`.references` and :mod:`.cache` need the standard library
only, because a swap stands on them; every other module imports MLflow inside its functions.
"""
