"""Drivers of file formats: how long a recording is, whatever its header says."""
