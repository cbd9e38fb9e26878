"""Datasets that other installed packages offer by entry points, such as those that are rendered."""

from importlib.metadata import EntryPoints, entry_points

from ccsav.clips.dataset import Dataset, DatasetError

GROUP = "ccsav.datasets"  # of entry points: name of a dataset → function that makes it


def offered() -> EntryPoints:
    """The entry points of all datasets that are offered."""
    return entry_points(group=GROUP)


def load_offered(name: str) -> Dataset:
    """Make the dataset that an installed package offers under this name.

    Raises `DatasetError` if several packages do, or if the package cannot be imported.
    """
    points = offered()
    origins = sorted({point.value for point in points.select(name=name)})
    if len(origins) > 1:
        raise DatasetError(f"{name}: offered by {' and '.join(origins)}: uninstall all but one.")
    try:
        make = points[name].load()
    except (ImportError, AttributeError) as error:
        missing = getattr(error, "name", None) or error
        raise DatasetError(
            f"{name}: comes from {origins[0]}, which cannot be imported because "
            f"{missing} is missing: install it (for ccsav_lab: pip install 'ccsav[lab]')."
        ) from error
    return make()
