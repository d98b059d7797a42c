"""Versions of the code that makes each stage's products, a part of every receipt.

Raise one when the same inputs give another product. They stand here, and not beside the code,
so that `zoo status` compares them without importing what renders, trains or measures.
"""

RENDER = "render-1"
CONTENT = "content-1"
ALIGN = "align-1"
TRAIN = "train-5"
EVALUATE = "evaluate-4"
REGISTER = "register-2"
