"""The user's cache of networks, and pulling into it."""
