"""Evaluation of networks on photos that training never saw.

Each measure has its module: :mod:`.descriptor_distance`; :mod:`.pose`, :mod:`.landmark_difference`,
:mod:`.expression` and :mod:`.gaze`; :mod:`.luminance_correlation` and :mod:`.light_direction`;
:mod:`.background_psnr`, :mod:`.seam`, :mod:`.sharpness` and :mod:`.colour_cast`; and :mod:`.psnr`
for rendered people, whose true swap is known. :mod:`.measure` applies them all to one picture,
:mod:`.comparison` swaps one photo, :mod:`.run` all of them; :mod:`.report_card` is what is kept,
:mod:`.themes` how it reads, :mod:`.sheet` and :mod:`.plots` what is looked at.
``docs/evaluation.md`` defines every figure.
"""
