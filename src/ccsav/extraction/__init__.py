"""Clips × model → head vectors: each clip once, in batches, resumable."""
