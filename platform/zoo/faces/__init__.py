"""Faces in photos: finding, landmarks, the frontal reference, alignment, stitching, curation.

numpy, OpenCV and dlib only; nothing here may import torch, because swaps use this package.
"""
