"""Rendering a synthetic person: ray marching, materials, shading."""
