"""Detection of faces at any roll, and their 68 landmarks."""
