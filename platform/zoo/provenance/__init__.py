"""Whose face an identity is, why it may be used, and how every output says so.

:mod:`.identity` is the record beside the photos; :mod:`.marking` writes it into pictures and
needs only the standard library, because every swap waits for it.
"""
