"""Purges an identity: everything that was made from a person's face, in all storage.

A plan is made and shown first (:mod:`.plan`), then executed; copies out of reach are listed, and at
the end the project and the user's folders are searched for remains (:mod:`.traces`).
"""
