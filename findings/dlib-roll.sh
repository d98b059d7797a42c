#!/usr/bin/env bash
# dlib 20.0.1 with the 68-point model: the frontal detector finds a head tilted by 30° with a good score (two of its five views are made
# for that), and the shape predictor that its box is given to was trained on upright faces. Its landmarks are then off by a fifth of the
# distance between the eyes, at 40° by more than a third; neither score nor result tells. Turning the box with the head mends it.
# Seen on scikit-image's portrait, against its own landmarks upright: 20°: 1 %; 30° (score 0.88): 20 %; 40° (score 0.14): 38 %.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet dlib-bin==20.0.1.post1 face_recognition_models==0.3.0 scikit-image==0.26.0 opencv-python-headless==4.13.0.92
cat > look.py <<'PYTHON'
import sys
from pathlib import Path

import cv2
import dlib
import numpy as np
from skimage import data

models = next(Path(sys.prefix).glob("lib/*/site-packages/face_recognition_models/models"))
predictor = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
detector = dlib.get_frontal_face_detector()
picture = cv2.resize(data.astronaut(), None, fx=1.5, fy=1.5)
side = picture.shape[0]


def found(image):
    boxes, scores, _ = detector.run(np.ascontiguousarray(image), 0, 0.0)
    out = []
    for box, score in zip(boxes, scores):
        points = predictor(image, box).parts()
        out.append((score, np.array([(point.x, point.y) for point in points], float)))
    return out


upright = max(found(picture), key=lambda one: one[0])[1]
print("dlib", dlib.__version__)
best = {}
for roll in (0, 20, 30, 40):
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), -roll, 1)
    image = cv2.warpAffine(picture, turn, (side, side))
    truth = upright @ turn[:, :2].T + turn[:, 2]
    eyes = np.linalg.norm(truth[45] - truth[36])
    for score, points in found(image):
        off = np.linalg.norm(points - truth, axis=1).mean() / eyes
        if off < best.get(roll, (0, 9))[1]:
            best[roll] = score, off
        print(f"roll {roll:3}: score {score:.2f}, landmarks off by {100 * off:.0f} % of the eyes' distance")
sys.exit(not (best[20][1] < 0.05 and best[30][0] > 0.5 and best[30][1] > 0.1))
PYTHON
venv/bin/python look.py
