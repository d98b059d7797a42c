"""Work on a Ray cluster: joining one, what fits on it, tasks, and files that go to its nodes.

Without ``RAY_ADDRESS`` nothing here is used, and ``ray`` is imported by none of it before a cluster
is joined.
"""
