"""Shorthands of the extraction tests."""

from ccsav import extract


def run(lalm, dataset, *args, **options):
    return extract(lalm, dataset, *args, progress=False, **options)


def rows_in(cache):
    return sorted(f.name for f in cache.rglob("*.safetensors"))
