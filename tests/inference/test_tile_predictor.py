"""A run that was trained by tiles: it looks at pictures in their own pixels without being told again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.errors import DataError
from weldon.inference import load
from weldon.inference.map_files import read_heatmap
from weldon.inference.tile_predictor import TilePredictor
from weldon.inference.write import PredictionWriter


@pytest.fixture
def tiled(make_run) -> TilePredictor:
    """A predictor of tiles of 128 pixels; its cells of 32 see far less than the overlap."""
    return open_tiled(make_run())


def open_tiled(run: Path, overlap: int = 64) -> TilePredictor:
    with (run / "config.toml").open("a") as config:
        config.write(f"tile = 128\noverlap = {overlap}\nfreeze = true\n")
    found = load(run, device="cpu", batch_size=3)
    assert isinstance(found, TilePredictor)
    return found


def of_redness(tiled: TilePredictor) -> TilePredictor:
    """Replace the network by one that answers with the redness of each cell."""

    def redness(tiles: torch.Tensor) -> torch.Tensor:
        colour = torch.nn.functional.avg_pool2d(tiles, 32)
        return (colour[:, :1] - colour[:, 1:2]).expand(-1, 3, -1, -1)

    tiled.net.features, tiled.net.transfer_scores = (lambda tiles: tiles), redness
    return tiled


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize(("width", "height"), [(333, 210), (128, 500), (209, 208)])
def test_scores_maps_and_weights_are_those_of_the_whole_picture(tiled, width: int, height: int):
    picture, net = noise(width, height), tiled.net
    result = tiled.predict(picture)
    rows, columns = (int(side / 32 + 0.5) for side in (height, width))
    canvas = torch.zeros(1, 3, -(-height // 32) * 32, -(-width // 32) * 32)
    mean, std = (torch.tensor(part)[:, None, None] for part in (net.backbone.mean, net.backbone.std))
    canvas[0, :, :height, :width] = (torch.from_numpy(np.array(picture)).movedim(-1, 0) / 255 - mean) / std
    with torch.no_grad():
        regions = net.transfer_scores(net.features(canvas))[:, :, :rows, :columns]
        scores, maps = net.pooled(regions, return_maps=True)
    torch.testing.assert_close(result.class_scores, scores[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(result.class_maps, maps[0], rtol=1e-4, atol=1e-4)
    assert result.grid == (rows, columns)
    evidence = result.evidence("cat")
    assert evidence.top_sum + evidence.low_sum == pytest.approx(result.scores["cat"], abs=1e-3)
    assert len(evidence.top) == int(0.2 * rows * columns + 0.5)


def test_places_are_in_the_pictures_own_pixels(make_run):
    tiled = of_redness(open_tiled(make_run(), overlap=0))
    red = Image.new("RGB", (1000, 700), (120, 120, 120))
    red.paste((255, 0, 0), (640, 416, 768, 480))
    result = tiled.predict(red)
    point = result.point("cat")
    assert 640 < point.x < 768
    assert 416 < point.y < 480
    box = result.boxes("cat")[0]
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((640, 416, 768, 480), abs=16)
    mask = result.mask()
    assert mask.shape == (700, 1000)
    rows, columns = np.nonzero(mask == 1)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert edges == pytest.approx((640, 416, 768, 480), abs=16)
    assert result.evidence("cat").top[0].box[0] % 32 == 0


def test_an_object_of_one_cell_in_a_large_picture_gets_a_box(make_run):
    tiled = of_redness(open_tiled(make_run(), overlap=0))
    picture = Image.new("RGB", (3200, 3200), (120, 120, 120))
    for x, y in ((64, 64), (1600, 2048)):
        picture.paste((255, 0, 0), (x, y, x + 64, y + 64))
    corners = sorted((box.x1, box.y1) for box in tiled.predict(picture).boxes("cat"))
    assert corners == [pytest.approx((64, 64), abs=20), pytest.approx((1600, 2048), abs=20)]


def test_files_that_cannot_be_read_are_named_and_the_others_done(tiled, photos):
    (photos / "p1.png").write_bytes(b"nothing")
    results = list(tiled.predict(photos))
    assert [result.file_name for result in results] == [
        *("deep/p5.png", "deep/p6.png", "p0.png", "p2.png", "p3.png", "p4.png"),
    ]
    assert [skipped.file_name for skipped in tiled.skipped] == ["p1.png"]
    with pytest.raises(DataError, match=r"cannot read the image .*p1\.png"):
        tiled.predict(photos / "p1.png")


def test_a_file_and_its_picture_have_the_same_answer(tiled, photos):
    of_file = tiled.predict(photos / "p3.png")
    of_picture = tiled.predict(Image.open(photos / "p3.png"))
    assert torch.equal(of_file.class_maps, of_picture.class_maps)
    assert of_picture.file_name == "p3.png"
    assert [r.file_name for r in tiled.predict([Image.open(photos / "p3.png")])] == ["image1"]
    assert tiled.decoded(photos / "p3.png") == photos / "p3.png"


def test_everything_that_is_written_of_a_picture_is_written(tiled, photos, tmp_path):
    with PredictionWriter(tmp_path / "out", tiled.classes, heatmaps=True, masks={}) as writer:
        for result in tiled.predict([photos / "p3.png"]):
            writer.add(result)
    mask = Image.open(tmp_path / "out" / "masks" / "p3.png")
    assert mask.size == (200, 50)
    overlay = Image.open(next((tmp_path / "out" / "heatmaps").glob("p3.*.png")))
    assert overlay.size == (200, 50)
    result = tiled.predict(photos / "p3.png")
    stored = read_heatmap(tmp_path / "out" / "heatmaps" / "p3.npz", "cat")
    np.testing.assert_allclose(stored, result.heatmap("cat"))


def test_a_large_file_is_never_decoded_whole_to_be_drawn(make_run, tmp_path, monkeypatch):
    tiled = of_redness(open_tiled(make_run(k_max=8, k_min=2), overlap=0))
    tifffile = pytest.importorskip("tifffile", reason="TIFF files are read by window with the extra large")
    tifffile.imwrite(tmp_path / "a.tif", np.array(noise(2000, 1900)), tile=(64, 64), photometric="rgb")
    monkeypatch.setenv("WELDON_MAX_PIXELS", "1000000")
    monkeypatch.setattr("weldon.inference.result.load_image", None)
    result = tiled.predict(tmp_path / "a.tif")
    assert result.reduced(400).size == (800, 760)
    assert result.explain("cat").picture().width >= 1600
    assert result.overlay("cat").size == (1600, 1520)
    assert result.image.size == (2000, 1900)


def test_other_thresholds_are_another_predictor_of_the_same_network(tiled, photos):
    thresholds = dict.fromkeys(tiled.classes, 1e9) | {"dog": -1e9}
    other = tiled.with_decision(replace(tiled.decision, thresholds=thresholds))
    assert isinstance(other, TilePredictor)
    assert other.predict(photos / "p0.png").labels == ["dog"]
    assert "dog" not in tiled.predict(photos / "p0.png").labels


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tile = 100", "tile must be a multiple of 32"),
        ("tile = 'large'", "tile must be a number of pixels"),
        ("tile = 128\noverlap = 0.5", "overlap must be a number of pixels"),
    ],
)
def test_a_recipe_with_impossible_tiles_is_damaged(make_run, line: str, said: str):
    run = make_run()
    with (run / "config.toml").open("a") as config:
        config.write(line + "\n")
    with pytest.raises(DataError, match=said):
        load(run, device="cpu")


def test_an_explanation_shows_the_strongest_regions_in_their_own_pixels(make_run):
    tiled = of_redness(open_tiled(make_run(k_max=8, k_min=2), overlap=0))
    picture = Image.new("RGB", (2000, 1300), (120, 120, 120))
    for x, y in ((64, 64), (1920, 1216)):
        picture.paste((255, 0, 0), (x, y, x + 64, y + 64))
    plain = tiled.predict(Image.new("RGB", (1600, 1040))).explain("cat").picture()
    whole = tiled.predict(picture).explain("cat").picture()
    assert plain.width == whole.width == 1600
    assert whole.height == plain.height + 12 + 368  # eight cells of 46 pixels
    details = whole.crop((0, whole.height - 368 - 60, 1600, whole.height - 60))
    red = [(x, y) for y in range(0, 368, 4) for x in range(0, 1600, 4) if details.getpixel((x, y))[1] < 40]
    assert len(red) > 100
    assert {x // 380 for x, _ in red} >= {0, 1}  # both of them
