"""Augmentation of renders: occluders, other colours, other cameras."""
