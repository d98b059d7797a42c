"""Which pixels are face: segmentation, masks, preserved regions."""
