"""Swaps videos: faces are tracked, swapped and composited without jitter; all else is kept.

A segment of some seconds is the unit of work: any process can make any segment independently, so a
killed swap resumes and several processes share one video (:mod:`.file`).
"""
