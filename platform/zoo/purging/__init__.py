"""Forgetting an identity: everything that was made of a person's face, wherever the zoo keeps it.

A plan is made first and shown (:mod:`.plan`), then carried out; what cannot be reached is named,
and at the end the project and the user's folders are searched for what is left
(:mod:`.residue`).
"""
