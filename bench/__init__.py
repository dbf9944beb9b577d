"""Benches: our code against an anchor, in one run on the same data."""
