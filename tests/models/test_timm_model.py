"""Maps from maps, channels last and tokens."""

import pytest
import torch

from weldon.errors import UsageError
from weldon.models.timm_model import as_map, count_prefix, find_layout


def test_three_layouts_of_the_same_features_give_the_same_map(generator):
    maps = torch.randn(2, 5, 3, 4, generator=generator)
    last = maps.permute(0, 2, 3, 1)
    tokens = torch.cat([torch.full((2, 2, 5), 9.0), last.flatten(1, 2)], dim=1)
    assert torch.equal(as_map(maps, "NCHW"), maps)
    assert torch.equal(as_map(last, "NHWC"), maps)
    assert torch.equal(as_map(tokens, "tokens", prefix=2, grid=(3, 4)), maps)


def test_tokens_of_a_square_image_need_no_grid(generator):
    maps = torch.randn(2, 5, 3, 3, generator=generator)
    assert torch.equal(as_map(maps.flatten(2).mT, "tokens"), maps)


@pytest.mark.parametrize(
    ("shape", "layout"), [((96, 1, 1), "NCHW"), ((1, 1, 96), "NHWC"), ((4, 4, 4), "NCHW")]
)
def test_layout_is_read_from_the_equal_sides(shape, layout):
    assert find_layout(torch.zeros(1, *shape)) == layout


def test_vector_is_no_map():
    with pytest.raises(UsageError, match="must return maps or tokens"):
        find_layout(torch.zeros(1, 96))


@pytest.mark.parametrize(("tokens", "declared"), [(1, None), (198, None), (197, 2)])
def test_tokens_without_a_square_grid_are_refused(tokens, declared):
    with pytest.raises(UsageError, match="one token a patch"):
        count_prefix(tokens, declared)
