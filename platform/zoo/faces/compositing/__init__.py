"""Compositing a swapped face: colour transfer, detail, blending."""
