"""What everything is drawn with: colours, a soft sheet to paint on, letters, small shapes.

It knows no village. Imports: nothing of this game.
"""
