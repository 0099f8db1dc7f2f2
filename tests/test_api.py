"""The public names, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import weldon

PUBLIC = {
    "weldon": "create_model data evaluate inference load load_bags load_model losses metrics models "
    "next_images pooling recipes review save_model suspects train training",
    "weldon.recipes": "Column Look Published Row Source Table list_tables load_sources load_table",
    "weldon.reproduce": "Workspace reproduce",
    "weldon.inference": "Decision Evidence Explanation NamedImage Point PredictionWriter Predictor Region "
    "Result RunDirectory Skipped expand_images explain load locate_boxes locate_point open_run read_heatmap "
    "segment to_annotation",
}
# What the user interface promises; a module may offer more.
PROMISED = {
    "weldon.pooling": "POOLINGS AveragePool GWRPPool GeneralisedPool LSEPool MaxPool WeldonPool WildcatPool "
    "average_pool build_pooling generalised_pool gwrp_pool lse_pool max_pool weldon_pool wildcat_pool",
    "weldon.losses": "APLoss LogisticLoss SoftmaxLoss StructuredHingeLoss ap_loss "
    "average_precision_inference logistic_loss softmax_loss structured_hinge_loss",
    "weldon.metrics": "AveragePrecision MeanIoU TopKAccuracy average_precision mean_average_precision "
    "hit_at_one pointwise_localisation topk_accuracy",
    "weldon.models": "WeldonNet build_backbone create_model load_model save_model",
}
HEAVY = ("lightning", "matplotlib", "pandas", "torch", "timm")


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_these_and_no_others(module: str):
    assert sorted(vars_of(module).__all__) == sorted(PUBLIC[module].split())


@pytest.mark.parametrize("module", [*PUBLIC, *PROMISED])
def test_every_public_name_exists(module: str):
    found = vars_of(module)
    promised = (PUBLIC | PROMISED)[module].split()
    assert [name for name in promised if not hasattr(found, name)] == []
    assert [name for name in promised if name not in found.__all__] == []


def vars_of(module: str):
    """Return the module of that name."""
    return __import__(module, fromlist=["__all__"])


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(AttributeError, match="no attribute 'trian'; it has create_model"):
        _ = weldon.trian


def loaded_by(code: str) -> set[str]:
    """Run ``code`` in a fresh interpreter, warnings as errors, and return the heavy packages it loaded."""
    ask = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", f"{code}\n{ask}"], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return set(run.stdout.split())


def test_importing_weldon_is_silent_and_loads_nothing_heavy():
    assert loaded_by("import weldon") == set()


@pytest.mark.parametrize("name", ["pooling.WeldonPool", "losses.APLoss"])
def test_arithmetic_needs_torch_alone(name: str):
    assert loaded_by(f"import weldon; weldon.{name}") == {"torch"}


@pytest.mark.parametrize(
    "code",
    [
        "from weldon.pooling import POOLINGS, parse_count; list(POOLINGS), parse_count('20%')",
        "from weldon.data import read_labels, check_data, Geometry",
        "import weldon.runs.recipe",
    ],
)
def test_names_of_poolings_labels_and_options_are_read_without_anything_heavy(code: str):
    assert loaded_by(code) == set()


def test_prediction_needs_neither_lightning_nor_matplotlib_nor_pandas():
    assert not loaded_by("import weldon; weldon.load") & {"lightning", "matplotlib", "pandas"}
