"""A run directory becomes a predictor; its answers do not depend on what else is in the batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image

import weldon
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError, UsageError
from weldon.inference import Predictor, Result, load

POOLS = {
    "weldon": {"k_max": 0.2},
    "mantra": {},
    "max": {},
    "avg": {},
    "gwrp": {},
    "lse": {},
    "wildcat": {"maps_per_class": 2, "alpha": 0.7},
}


def test_scores_are_those_of_the_network(predictor: Predictor, photos):
    result = predictor.predict(photos / "p0.png")
    net = predictor.net
    transform = EvalTransform(64, "keep", net.backbone.mean, net.backbone.std)
    pixels, mask, _ = transform(Image.open(photos / "p0.png"))
    with torch.no_grad():
        scores, maps = net(pixels[None], mask[None], return_maps=True)
    torch.testing.assert_close(result.class_scores, scores[0])
    torch.testing.assert_close(result.class_maps, maps[0])
    assert list(result.scores) == list(predictor.classes)


@pytest.mark.parametrize("pool", POOLS)
def test_evidence_adds_up_to_the_score(make_run, photos, pool: str):
    result = load(make_run(pool=pool, **POOLS[pool]), device="cpu").predict(photos / "p0.png")
    for name in result.classes:
        evidence = result.evidence(name)
        parts = [region.weight * region.score for region in (*evidence.top, *evidence.low)]
        assert sum(parts) + evidence.remainder == pytest.approx(result.scores[name], abs=1e-6)
        if pool != "lse":
            assert abs(evidence.remainder) < 1e-4


def test_companions_do_not_change_an_image_at_all(predictor: Predictor, photos):
    first = {
        r.file_name: r for r in predictor.predict([photos / name for name in ("p0.png", "p1.png", "p2.png")])
    }
    again = {
        r.file_name: r for r in predictor.predict([photos / name for name in ("p3.png", "p4.png", "p0.png")])
    }
    torch.testing.assert_close(first["p0.png"].class_scores, again["p0.png"].class_scores, rtol=0, atol=1e-6)


def test_batch_size_changes_no_score(predictor: Predictor, photos):
    batched = [result.class_scores for result in predictor.predict(photos)]
    alone = [predictor.predict_one(result.source).class_scores for result in predictor.predict(photos)]
    torch.testing.assert_close(torch.stack(batched), torch.stack(alone), rtol=0, atol=1e-5)


def test_half_precision_moves_scores_by_rounding_alone(make_run, photos):
    run = make_run()
    exact, rounded = (
        torch.stack([r.class_scores for r in load(run, device="cpu", precision=p).predict(photos)])
        for p in ("32-true", "bf16-mixed")
    )
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05 * float(exact.abs().max()))
    with pytest.raises(UsageError, match="precision must be one of 32-true, bf16-mixed, 16-mixed, got '8'"):
        load(run, precision="8")


def test_two_predictions_are_bit_equal(predictor: Predictor, photos):
    runs = [torch.stack([result.class_scores for result in predictor.predict(photos)]) for _ in range(2)]
    assert torch.equal(*runs)


def test_one_image_gives_a_result_and_a_folder_an_iterator(predictor: Predictor, photos):
    assert isinstance(predictor.predict(photos / "p0.png"), Result)
    assert isinstance(predictor.predict(Image.new("RGB", (20, 30))), Result)
    results = predictor.predict(photos)
    assert isinstance(results, Iterator)
    assert [result.file_name for result in results] == [f"deep/p{n}.png" for n in (5, 6)] + [
        f"p{n}.png" for n in range(5)
    ]


def test_a_folder_comes_in_order_whatever_the_threads(make_run, photos):
    run = make_run()
    orders = [
        [
            result.file_name
            for result in load(run, device="cpu", batch_size=2, workers=workers).predict(photos)
        ]
        for workers in (0, 1, 4)
    ]
    assert orders[0] == orders[1] == orders[2]


def test_unreadable_files_are_skipped_and_listed(predictor: Predictor, photos):
    (photos / "p9.jpg").write_bytes(b"no image")
    (photos / "empty.png").write_bytes(b"")
    results = list(predictor.predict(photos))
    assert len(results) == 7
    assert [skip.file_name for skip in predictor.skipped] == ["empty.png", "p9.jpg"]
    assert "0 bytes" in predictor.skipped[0].reason
    list(predictor.predict([photos / "p0.png"]))
    assert predictor.skipped == []


def test_a_single_unreadable_file_is_an_error(predictor: Predictor, photos):
    (photos / "p9.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"p9\.jpg"):
        predictor.predict(photos / "p9.jpg")


def test_what_is_not_there_is_refused_before_the_iterator_starts(predictor: Predictor):
    with pytest.raises(UsageError, match="nowhere"):
        predictor.predict("nowhere")


def test_pillow_images_are_turned_upright(predictor: Predictor, photos, tmp_path):
    upright = Image.open(photos / "p0.png").convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: to be turned clockwise by 90 degrees
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "side.png", exif=exif)
    turned = predictor.predict(Image.open(tmp_path / "side.png"))
    assert (turned.width, turned.height) == upright.size
    torch.testing.assert_close(turned.class_scores, predictor.predict(upright).class_scores)
    torch.testing.assert_close(turned.class_scores, predictor.predict(tmp_path / "side.png").class_scores)


def test_several_pillow_images_are_numbered(predictor: Predictor):
    pictures = [Image.new("RGB", (20, 20)), Image.new("L", (30, 20))]
    assert [result.file_name for result in predictor.predict(pictures)] == ["image1", "image2"]


def test_multilabel_uses_thresholds_on_scores(predictor: Predictor, photos):
    result = predictor.predict(photos / "p0.png")
    assert "cat" in result.labels
    assert "dog" not in result.labels
    assert ("rolled-in/scale" in result.labels) == (result.scores["rolled-in/scale"] >= 0)
    assert result.probabilities["cat"] == pytest.approx(1 / (1 + np.exp(-result.scores["cat"])))


def test_multiclass_names_one_class_with_softmax(make_run, photos):
    result = load(make_run(task="multiclass"), device="cpu").predict(photos / "p0.png")
    assert result.labels == [max(result.scores, key=result.scores.get)]
    assert sum(result.probabilities.values()) == pytest.approx(1.0)


def test_a_device_that_is_not_there_is_refused(make_run):
    with pytest.raises(UsageError, match="device must be auto"):
        load(make_run(), device="warp9")


def test_load_is_public():
    assert weldon.load is load
