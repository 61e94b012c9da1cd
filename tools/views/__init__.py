"""Results as text for a reader."""
