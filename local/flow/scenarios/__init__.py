"""Demonstrations: what goes wrong in such systems, made to happen to a stack that stands, and what stops it."""
