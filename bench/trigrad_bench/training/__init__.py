"""Training from the command line, under the names the seed systems gave their scripts.

Read recipes.py (what each command trains), then settings.py (what the user asked for), loop.py (epochs),
and surface.py beside torch_twin.py (one step, on our engines and hand-written in PyTorch). cli.py ties them
together.
"""
