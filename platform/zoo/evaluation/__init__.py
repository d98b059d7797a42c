"""How good a network is, measured on photos that training never saw.

Each measure has its module: :mod:`.identity`, :mod:`.landmarks`, :mod:`.light`, and
:mod:`.truth` for rendered people, whose true swap is known. :mod:`.comparison` applies them to one
photo, :mod:`.run` to all of them, :mod:`.report` is what is kept and :mod:`.sheet` what is
looked at. ``docs/evaluation.md`` defines every figure.
"""
