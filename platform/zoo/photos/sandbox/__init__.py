"""Decoding in processes of their own, with limits, for untrusted photos."""
