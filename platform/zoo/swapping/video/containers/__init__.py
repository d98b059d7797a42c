"""Containers: codecs, audio, subtitles, muxing."""
