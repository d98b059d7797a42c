"""The application on Ray Serve, and the gateway to it."""
