"""Speed and memory, compared with plain implementations."""
