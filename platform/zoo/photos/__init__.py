"""Untrusted photos: reading them into upright sRGB pixels, finding them, writing them back.

Imports Pillow and numpy; OpenCV only for the one case Pillow cannot read (16-bit colour).
"""
