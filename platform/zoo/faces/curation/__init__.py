"""Sets of photos of faces: curation, assessment, face packs."""
