"""Trained models of the repository."""

import pytest

import ccsav


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def mini_omni():
    return ccsav.load_lalm("mini-omni", device="cpu")
