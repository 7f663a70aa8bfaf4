"""The language spoken with the model, and the classical reading of what was said.

Pure functions of situations: no time, no state, no model.
"""
