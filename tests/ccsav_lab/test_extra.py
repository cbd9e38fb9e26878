"""What is missing without the extra `lab` is named, with the way to install it."""

import subprocess
import sys

import pytest

from ccsav_lab import extra


def test_installed_packages_pass():
    extra.require_packages("numpy", "pandas")


def test_missing_packages_are_named():
    with pytest.raises(ImportError, match=r"needs no_such_package: pip install 'ccsav\[lab\]'"):
        extra.require_packages("numpy", "no_such_package")


@pytest.mark.slow
@pytest.mark.parametrize("package", ["plot", "explore"])
def test_figures_and_widgets_say_what_they_need(package):
    code = f"""
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in ("seaborn", "ipywidgets") else found(name)
import ccsav_lab.{package}
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    name = {"plot": "seaborn", "explore": "ipywidgets"}[package]
    assert f"ImportError: ccsav_lab needs {name}: pip install" in run.stderr
