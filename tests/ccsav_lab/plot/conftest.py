import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def closed():
    """Close the figures of each test: pyplot keeps them, and warns of more than 20."""
    yield
    plt.close("all")
