"""Whose face it is: descriptors, clustering, outliers."""
