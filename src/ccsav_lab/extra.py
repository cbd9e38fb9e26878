"""The packages of the extra `lab`: what the lab needs, and the library does not."""

from importlib.util import find_spec


def require_packages(*names: str) -> None:
    """Raise `ImportError`, with the way to install them, if any of these packages is missing."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ImportError(f"ccsav_lab needs {', '.join(missing)}: pip install 'ccsav[lab]'.")
