"""Benches: ours beside an anchor, on the same data, in the same run."""

import os

# Before any bench loads LightGBM, whose threads would else wait for each other by spinning.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
