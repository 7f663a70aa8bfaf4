"""Endurance tests: tries npcbrain's promises for as long as there is time.

``python -m tools.endure --minutes 3`` prints the figures; the tests run the same functions for
seconds. It measures no speed. Invariant: a point that finds a broken promise says which.
"""
