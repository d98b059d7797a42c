"""A store for every test here."""

from tests.object_store import s3, store

__all__ = ["s3", "store"]
