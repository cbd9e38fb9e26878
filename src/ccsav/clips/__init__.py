"""Recordings and videos, and tables of them with labels and groups."""
