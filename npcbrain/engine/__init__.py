"""The model cut into steps of a few milliseconds: forward passes over slots, and their guard.

It knows the language model, but no frames, budgets or characters.
"""
