"""What `./run` and `./test` are made of: one job per file, the standard library only.

The modules run with the system's own Python (3.10 to 3.13), before any virtual environment exists.
"""
