"""Everything on the screen: the stage, bubbles, figures, the panel about a mind, the text box.

It shows things and decides nothing. Imports: every room except ``playing``.
"""
