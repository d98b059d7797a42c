"""Commands on registered networks and their registry."""
