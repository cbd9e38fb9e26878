import pytest

import ccsav


@pytest.fixture(scope="session")
def mini():
    return ccsav.load_lalm("mini", device="cpu")
