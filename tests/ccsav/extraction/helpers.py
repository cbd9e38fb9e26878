"""Shorthands of the extraction tests."""

import json

import numpy as np

from ccsav import extract
from ccsav.disk.shards import read_shard


def run(lalm, dataset, *args, **options):
    return extract(lalm, dataset, *args, progress=False, **options)


def shards_in(cache):
    """The shards with head vectors."""
    return sorted(f for f in cache.glob("*/*.safetensors") if f.parent.name != "recordings")


def rows_in(cache):
    """The keys of all stored rows, also of those that are stored twice."""
    keys = [read_shard(shard).keys for shard in shards_in(cache)]
    return sorted(key.tobytes() for key in np.concatenate([np.zeros((0, 32), np.uint8), *keys]))


def flip_a_bit(shard, part):
    """Damage the first bytes of the keys, the sums or the rows of a shard."""
    content = bytearray(shard.read_bytes())
    size = int.from_bytes(content[:8], "little")
    first = 8 + size + json.loads(content[8 : 8 + size])[part]["data_offsets"][0]
    content[first + 1] ^= 4
    shard.write_bytes(content)
