"""The map: where things stand, where one can walk, which way leads where.

Plain numbers and names; no drawing, no people. Imports: nothing of this game.
"""
