"""Content Credentials (C2PA): keys, manifests, marks, verification."""
