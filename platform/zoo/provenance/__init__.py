"""Identity records, the basis for their use, and the provenance of every output.

:mod:`.identity` is the record beside the photos, :mod:`.basis` why a face may be used;
:mod:`.marking` is the mark in a picture's metadata, :mod:`.signing` the signed manifest that
every output carries, :mod:`.verifying` reads it back. Nothing that a swap imports here is heavy.
"""
