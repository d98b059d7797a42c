"""Commands on identities."""
