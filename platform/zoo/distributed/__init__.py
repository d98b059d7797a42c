"""Swapping on a Ray cluster: photos in chunks, videos by their segments.

The work itself is :mod:`zoo.swapping`'s; here it is carried to nodes and back.
"""
