"""From an ONNX file to the core language."""
