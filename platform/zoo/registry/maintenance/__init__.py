"""Serving, lineage and garbage collection of a registry."""
