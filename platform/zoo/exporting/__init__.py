"""Networks for other programs: as DFM, plain ONNX or safetensors (onnx, no torch)."""
