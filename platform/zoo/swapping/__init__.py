"""Swapping: a photo and a network file give a picture, without torch.

numpy, OpenCV, dlib, Pillow and ONNX Runtime only: a swap waits for every import here. This
package knows network files, not the registry.
"""
