"""The running game: the loop, its clock, keys, recordings, and a player made of a script.

The topmost room; only ``__main__`` imports it.
"""
