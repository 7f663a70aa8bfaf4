"""Import of models that others trained: GGUF files and safetensors folders become model folders.

Needs what ``pip install npcbrain[import]`` brings; no game does.
"""
