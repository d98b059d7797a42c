"""Swaps videos: faces are tracked, swapped and composited without jitter; all else is kept.

A segment of some seconds is the unit of work: any process makes any of them, each alone, so a
killed swap goes on where it stopped and several processes share one film (:mod:`.file`).
"""
