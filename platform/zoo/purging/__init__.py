"""Purges an identity: everything that was made from a person's face, in all storage.

A plan is made first and shown (:mod:`.plan`), then carried out; what cannot be reached is named,
and at the end the project and the user's folders are searched for what is left
(:mod:`.residue`).
"""
