"""Measures, and keeps the results."""
