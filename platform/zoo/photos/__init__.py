"""Untrusted photos: reading them into upright sRGB pixels, finding them, writing them back.

Imports Pillow and numpy. What only some files need is imported when one comes: OpenCV (16-bit
colour, which Pillow cannot read), pillow-heif (HEIC), pyjpegxl (JPEG XL), OpenEXR, PyAV (videos).
"""
