"""faceswap-zoo: train, register and use one fast face-swap network per identity.

docs/architecture.md lists the packages from the ground floor up; each imports only packages below
it (``tests/test_floors.py`` checks this).
"""

import os

# ONNX Runtime (1.29 and newer) would send what it runs to its makers, and keep a number for this
# machine in the user's cache. It looks at this when it is imported, whoever imports it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.2.0"
