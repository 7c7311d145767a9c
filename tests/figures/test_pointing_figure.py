import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import pointing_by_person


def table(people, energy, other=0.1):
    """Two clips of each person, one a little above and one a little below `energy`."""
    subjects = np.repeat(np.arange(people), 2)
    return pd.DataFrame(
        {
            "subject": subjects,
            "energy": energy + 0.01 * subjects + np.tile([-0.02, 0.02], people),
            "chance": 0.05,
            "other": other,
        }
    )


def test_a_line_for_each_person_and_the_means(check_figure):
    pair = {"alone": table(3, 0.2), "together": table(3, 0.3, other=0.15)}
    figure = pointing_by_person({"rgb": pair, "depth": pair})
    check_figure(figure)
    rgb, depth = figure.axes
    assert (rgb.get_title(), depth.get_title()) == ("RGB", "Depth")
    *people, mean, chance, other = (line.get_ydata() for line in rgb.lines)
    np.testing.assert_allclose(people, [[0.2, 0.3], [0.21, 0.31], [0.22, 0.32]])
    np.testing.assert_allclose(mean, [0.21, 0.31])
    np.testing.assert_allclose(chance, [0.05, 0.05])
    np.testing.assert_allclose(other, [0.1, 0.15])
    assert "RGB alone 21.0%, on another clip's hand 10.0%" in figure.alt_text


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "two tables"),
        ({"rgb": {"alone": table(2, 0.1)}}, "two tables"),
        ({"rgb": {"alone": table(2, 0.1), "together": table(2, 0.1)[["energy"]]}}, "subject"),
    ],
)
def test_tables_that_do_not_fit_are_named(tables, message):
    with pytest.raises(DataError, match=message):
        pointing_by_person(tables)
