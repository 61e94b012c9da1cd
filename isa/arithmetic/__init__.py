"""The arithmetic of instructions on arrays: codes, windows, recurrent cells, tensors. Exact, without a clock."""
