"""Recipes, one identity's training, and the fan-out of many over Ray."""
