"""Characters: what each perceives, remembers, is and does, and what its tree may ask.

It knows no model and no budget: whoever thinks for a character is lent to it (``contracts``).
"""
