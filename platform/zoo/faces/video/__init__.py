"""Faces in videos: tracking, smoothing of landmarks, extraction of frames."""
