"""The pipeline's stages: the inputs of each product, how it is made, and its version.

``pipelines/STAGE.py`` runs a stage for DVC; ``zoo status`` asks the same module what its product
would be made from now. Each has

- ``VERSION``: raised when the same inputs give another product;
- ``product(project, name)``: the file or folder that carries the receipt;
- ``inputs(project, known)``: a function that says what an identity's product is made from;
- ``run(project)``: brings all products up to date, and returns the exit code.
"""
