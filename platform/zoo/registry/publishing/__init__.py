"""Publishing a network as a signed version with its model card."""
