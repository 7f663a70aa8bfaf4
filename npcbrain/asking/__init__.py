"""How a character's situation becomes a request to the model, and the answer a decision.

It knows characters and the scheduler; it spends no time itself: every step is the scheduler's.
"""
