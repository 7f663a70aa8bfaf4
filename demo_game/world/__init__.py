"""The map: where things stand, where one can walk, which way leads where.

Plain numbers and names. It draws nothing and knows nobody. Imports: nothing of this game.
"""
