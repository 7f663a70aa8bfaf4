"""What a character does and which line it quotes, chosen by a small encoder in a few milliseconds.

It knows situations, prompts' stock lines and the encoder's graphs; no frame, no budget and no
character. Words of its own are the language model's business.
"""
