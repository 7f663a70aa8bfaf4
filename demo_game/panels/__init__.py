"""What is on the screen: the stage, bubbles, figures, the panel about a mind, the text box.

It shows and decides nothing. Imports: every room but ``playing``.
"""
