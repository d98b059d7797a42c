"""faceswap-zoo: train, register and use one fast face-swap network per identity.

Packages, from the ground floor up; each imports only what stands before it
(``tests/test_floors.py`` holds this):

errors, settings → storage, assets, receipts → photos, provenance, people → faces
→ networks → objective → swapping → training → evaluation → registry → cli
"""

__version__ = "0.1.0"
