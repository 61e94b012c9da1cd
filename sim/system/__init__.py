"""Several chips together: stages joined by links, a stream of requests through them, and what that took."""
