"""Who is in a video, and which network each person gets."""
