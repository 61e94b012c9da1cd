"""What commands share: output, progress, signals, options and errors on a terminal."""
