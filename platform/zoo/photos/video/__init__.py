"""Reading videos: frames, YUV planes, interlacing, colour metadata."""
