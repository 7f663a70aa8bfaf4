"""Which step runs next within a frame's budget, who is served first, and who is too late.

It knows prices and the engine's contract, and nothing of characters or prompts.
"""
