"""A video: faces followed, swapped and put back without trembling, everything else kept.

A segment of some seconds is the unit of work: any process makes any of them, each alone, so a
killed swap goes on where it stopped and several processes share one film (:mod:`.file`).
"""
