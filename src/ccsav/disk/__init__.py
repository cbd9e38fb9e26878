"""Rows of numbers on disk: shards, a store of them, an array that is read where it is used."""
