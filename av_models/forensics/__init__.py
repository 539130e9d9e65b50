"""Judging what a finished file shows of its making."""
