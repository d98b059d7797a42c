"""The shape of a synthetic person: signed distances, landmarks, camera."""
