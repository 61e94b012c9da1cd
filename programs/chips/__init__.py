"""A network on several chips: where its layer graph is cut, and the part of each chip as a layer graph of its own."""
