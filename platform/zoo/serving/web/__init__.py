"""What clients reach: REST, page, camera, authentication, limits."""
