"""Shards are read one after the other, each process its own stretch, as seed and epoch decide."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from weldon.data import read_labels
from weldon.data.shards.member import by_place, place_in, shard_of
from weldon.data.shards.order import ShardOrder
from weldon.errors import UsageError


@pytest.fixture
def records(index):
    """Twenty images in several shards."""
    return read_labels(index.folder).of_split("train")


def order_of(records, **options):
    return list(ShardOrder(records, **{"seed": 0, "epoch": 0, **options}))


def test_an_epoch_gives_every_image_once_in_an_order_of_its_own(records):
    first, again, later = order_of(records), order_of(records), order_of(records, epoch=1)
    assert sorted(first) == sorted(later) == list(range(20))
    assert first == again
    assert len({tuple(first), tuple(later), tuple(order_of(records, seed=1)), tuple(range(20))}) == 4


def test_shards_are_read_one_after_the_other_and_mixed_within_a_window(records):
    one = order_of(records, window=1)  # no two pictures are mixed
    shards = [shard_of(records[index].path) for index in one]
    assert len(set(shards)) > 2
    assert [shards[0], *(b for a, b in pairwise(shards) if a != b)] == list(dict.fromkeys(shards))
    assert [records[index].path for index in one if shard_of(records[index].path) == shards[0]] == by_place(
        record.path for record in records if shard_of(record.path) == shards[0]
    )
    window = sum(place_in(records[index].path)[2] for index in one[:10])
    mixed = order_of(records, window=window)
    assert mixed[:10] != one[:10]
    assert sorted(mixed[:10]) == sorted(one[:10])


@pytest.mark.parametrize("world", [2, 3])
def test_each_process_reads_a_stretch_of_its_own(records, world):
    shares = [order_of(records, rank=rank, world=world) for rank in range(world)]
    assert {len(share) for share in shares} == {-(-20 // world)}
    counted = Counter(index for share in shares for index in share)
    assert set(counted) == set(range(20))
    assert sum(counted.values()) - 20 == world * -(-20 // world) - 20  # repeats to even out, no more
    shards = [{shard_of(records[index].path) for index in share} for share in shares]
    assert all(len(part) < len(set.union(*shards)) for part in shards)


def test_the_sampler_says_how_many_it_gives(records):
    assert len(ShardOrder(records, seed=0, epoch=0, rank=1, world=3)) == 7


def test_an_image_that_is_a_file_of_its_own_is_named(records, photograph):
    alone = replace(records[3], path=photograph("alone.png"), file_name="alone.png")
    with pytest.raises(UsageError, match=r"by_shard needs shards .* alone\.png is a file of its own"):
        ShardOrder([*records, alone], seed=0, epoch=0)


def test_pictures_inside_shards_are_put_in_the_order_of_their_places(records, photograph):
    alone = [photograph(name) for name in ("z.png", "a.png")]
    found = by_place([records[5].path, alone[0], records[2].path, alone[1], records[9].path])
    assert found[:2] == alone
    assert found[2:] == sorted(found[2:], key=lambda path: place_in(path)[:2])
