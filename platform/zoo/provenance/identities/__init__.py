"""The record of an identity: name, basis, photos."""
