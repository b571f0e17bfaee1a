"""Closed forms for numbers that can be defended."""
