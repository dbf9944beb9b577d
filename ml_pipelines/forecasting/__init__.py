"""Forecasting: the panel, a ladder of models, their intervals, and the artefact that ships."""

import os

# LightGBM's threads wait for each other by spinning, which on a busy machine costs many times the time of the work.
# OpenMP reads this once, when LightGBM is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
