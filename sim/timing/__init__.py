"""When things happen: the event loop, one file per unit, and the wiring between them."""
