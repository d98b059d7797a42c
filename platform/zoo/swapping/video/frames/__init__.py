"""Frames: deinterlaced, swapped, averaged over time."""
