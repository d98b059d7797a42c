"""Evaluation of networks on photos that training never saw.

Each measure has its module: :mod:`.identity`; :mod:`.pose`, :mod:`.landmarks`,
:mod:`.expression` and :mod:`.gaze`; :mod:`.light` and :mod:`.shading`; :mod:`.background`,
:mod:`.seam`, :mod:`.sharpness` and :mod:`.colour`; and :mod:`.truth` for rendered people, whose
true swap is known. :mod:`.measuring` applies them all to one picture, :mod:`.comparison` swaps
one photo, :mod:`.run` all of them; :mod:`.report` is what is kept, :mod:`.themes` how it reads,
:mod:`.sheet` and :mod:`.plots` what is looked at. ``docs/evaluation.md`` defines every figure.
"""
