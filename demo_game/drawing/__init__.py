"""The tools for drawing: colours, a soft sheet to paint on, letters, small shapes.

It knows nothing of the village. Imports: nothing of this game.
"""
