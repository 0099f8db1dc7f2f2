"""Which pictures the page shows, and what each shows."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.report.examples import share_out


@pytest.mark.parametrize(("classes", "each", "shown"), [(20, 3, 20), (60, 1, 60), (1000, 1, 100), (0, 3, 0)])
def test_many_classes_show_fewer_pictures_each(classes, each, shown):
    fitting = share_out(3, range(classes))
    assert (fitting[0], len(fitting[1])) == (each, shown)


def test_limit_below_zero_is_refused():
    with pytest.raises(UsageError, match="limit must be at least 0"):
        share_out(-1, range(3))
