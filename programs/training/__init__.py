"""What trained the built-in networks and drew their samples."""
