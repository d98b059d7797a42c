"""Formats that Pillow does not read, or not whole: HEIF, OpenEXR, 16 bits."""
