"""Network files: read and checked before anything runs them."""
