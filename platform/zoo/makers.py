"""Versions of the code that makes each stage's products, a part of every receipt.

Raise one when the same inputs give another product. They stand here, and not beside the code,
so that `zoo status` compares them without importing what renders, trains or measures.
"""

RENDER = "render-1"
CONTENT = "content-2"
ALIGN = "align-2"
TRAIN = "train-6"
EVALUATE = "evaluate-5"
REGISTER = "register-3"
