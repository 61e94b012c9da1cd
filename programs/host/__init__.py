"""What the host does between parts of the chip: which nodes of a network, in which parts, and as ONNX models."""
