"""The command ``zoo``: one module per group of commands, each parsing and printing only.

Every module here is imported before any command runs, so each imports what it needs inside its
functions: ``zoo --help`` and ``zoo swap`` load only what they use.
"""
