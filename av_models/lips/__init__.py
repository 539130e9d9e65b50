"""Mouths in numbers: the hand-over between phones and pixels."""
