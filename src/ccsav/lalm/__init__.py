"""The model: loading it, reading its heads, silencing them, and its answers in words."""
