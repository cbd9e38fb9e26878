"""Clips × model → head vectors: each clip once, in batches, kept on disk where a cache is given."""
