"""The networks: transformation, VGG-19 features and their compact stand-in (torch)."""
