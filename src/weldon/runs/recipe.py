"""The recipe of a run: every option of ``weldon train``, validated once, read from TOML and flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from weldon.class_options import Rate, options_of
from weldon.data.decode import MAX_PIXELS, VARIABLE
from weldon.data.geometry import LEAST_SIDE, MOST_SIDE
from weldon.device import HELP, reader_count
from weldon.losses.registry import LOSSES, USUAL, tasks_of
from weldon.pooling import POOLINGS
from weldon.runs.option_kinds import (
    MOST_IMAGES,
    Colours,
    Count,
    CountOrAuto,
    Deviations,
    Device,
    GreyWindow,
    Loggers,
    Object,
    Share,
    Workers,
    with_options,
)


@with_options(POOLINGS.data, defaults=False)
class _Seen(BaseModel):
    """What is learnt from, and how a network sees it."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, protected_namespaces=())

    data: Path = Field(description="folder of images, a VOC devkit, or bags: a table or a folder of arrays")
    labels: Path | None = Field(
        None, description="table of image labels (CSV, XLSX, JSONL …); none: read DATA"
    )
    dataset: str | None = Field(
        None, description="DATA holds this public data set: voc2007, coco2014, … (weldon data list)"
    )
    sheet: str | None = Field(None, description="sheet of an .xlsx or .ods table of labels, by its name")
    label_sep: str | None = Field(None, description="what separates labels in one cell [comma or |]")
    minus_one: Literal["absent", "unknown", "present"] | None = Field(
        None, description="what -1 means in a wide table; never guessed"
    )
    by_shard: bool = Field(
        False, description="shards: read one after the other and mix pictures within 500 MB, for slow disks"
    )
    image_set: Literal["main", "segmentation"] = Field(
        "main", description="VOC devkit: which lists of images"
    )
    corrections: Path | None = Field(
        None, description="table of corrected labels (file, class, from, to); it overrules the labels"
    )
    val: Share | None = Field(
        None,
        description="validation: a share of the images, a folder or a table [the data's own, else 0.2]",
    )
    refit: bool = Field(
        False, description="at the end, learn once more from training and validation images, for new images"
    )
    group_col: str | None = Field(
        None, description="column whose rows must stay in one split (patient, scene)"
    )

    model: str | None = Field(
        None, description="any timm name [the weights' own, else tf_efficientnet_lite0]"
    )
    model_kwargs: Object = Field(
        None, description='options of the timm model as JSON, for example {"output_stride": 16}'
    )
    weights: str = Field(
        "default", description="backbone weights: default (installed, else timm's), none, or a file"
    )
    mean: Colours = Field(None, description="mean of the images the weights saw, as 0.5,0.5,0.5")
    std: Deviations = Field(None, description="their standard deviation, likewise")
    freeze: bool = Field(False, description="keep the backbone fixed and cache its feature maps on disk")
    head_first: bool = Field(
        True,
        description="without --freeze: fit the head first, on maps of the pre-trained backbone (one process)",
    )
    batch_norm: Literal["fixed", "batch"] | None = Field(
        None,
        description="without --freeze: statistics of BatchNorm, fixed as pre-trained, or those of each batch "
        "[fixed; of random weights: batch]",
    )
    image_size: int = Field(
        448, ge=LEAST_SIDE, le=MOST_SIDE, description="side of the square canvas in pixels"
    )
    window: GreyWindow = Field(
        None,
        description="grey values that are black and white, LOW HIGH, in DICOM and in pictures of more than "
        "8 bits [the DICOM file's own, else the whole range]",
    )
    resize: Literal["keep", "warp"] = Field(
        "keep", description="keep the aspect ratio and mask the padding, or warp"
    )
    tile: int | None = Field(
        None,
        ge=LEAST_SIDE,
        le=MOST_SIDE,
        description="with --freeze: see large pictures in their own pixels, by tiles of this side",
    )
    overlap: int | None = Field(
        None,
        ge=0,
        lt=MOST_SIDE,
        description="pixels that neighbouring tiles share [two cells of the map: 64]",
    )
    augment: bool = Field(True, description="mirror images and vary their light while training")

    pool: str = Field("weldon", description=f"how regions become a score: {', '.join(POOLINGS)}")
    k: CountOrAuto = Field(
        None,
        description="regions for and against: a count 20, a share 20%, or auto [--search: auto, else 20%]",
    )
    k_max: Count = Field(None, description="regions for the class [--k, else 20%]")
    k_min: Count = Field(
        None, description="regions against the class [--k, else --k-max]; 0: no negative evidence"
    )


@with_options(LOSSES.data, defaults=True)
class _Judged(_Seen):
    """What the scores are to become."""

    task: Literal["auto", "multilabel", "multiclass"] = Field(
        "auto", description="several labels an image, or one"
    )
    loss: str = Field(
        "auto",
        description=f"{', '.join(LOSSES)}; auto: " + ", ".join(f"{USUAL[task]} for {task}" for task in USUAL),
    )


class Recipe(_Judged):
    """Every option of a training run; names are the flags of ``weldon train`` with underscores.

    Relative paths are kept as given; a count of regions may be written ``20``, ``"20%"`` or ``0.2``. Options
    of poolings and losses stand with these (:data:`weldon.pooling.POOLINGS`, :data:`weldon.losses.LOSSES`).
    """

    optimizer: Literal["adamw", "sgd"] = Field(
        "adamw", description="sgd has momentum 0.9, as in the paper; --search takes it"
    )
    lr: Rate | None = Field(
        None, gt=0, description="learning rate of the new layers [adamw 1e-3; sgd, bags 1e-2]"
    )
    search: bool = Field(
        True,
        description="with --freeze and no --lr: choose rate and decay of SGD on held-back training images",
    )
    search_rounds: int | None = Field(
        None,
        ge=0,
        le=100,
        description="most rounds of the search [4]; 0 takes the setting that it would start from",
    )
    lrp: Rate = Field(0.1, ge=0, description="factor on --lr for the pre-trained body")
    momentum: float = Field(0.9, ge=0, lt=1, description="momentum of sgd")
    weight_decay: Rate | None = Field(
        None, ge=0, description="weight decay, lambda of Eq. 7 [adamw 1e-2, sgd 1e-4]"
    )
    calibrate: bool = Field(
        True, description="fit on validation how scores become probabilities (thresholds stay)"
    )
    schedule: Literal["cosine", "step", "constant"] = Field("cosine", description="how the rate falls")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the rate rises")
    epochs: int = Field(
        20, ge=1, le=1_000_000, description="passes over the training images (with --search of --freeze: 30)"
    )
    batch_size: int = Field(
        32,
        ge=1,
        le=MOST_IMAGES,
        description="images a step (with --search of --freeze: 128, of few images fewer)",
    )
    patience: int = Field(
        0, ge=0, description="stop after so many epochs without a better validation figure; 0: never"
    )

    max_pixels: int | None = Field(
        None, ge=1, description=f"largest picture that is read, in pixels [{VARIABLE}, else {MAX_PIXELS}]"
    )
    workers: Workers = Field("auto", description="processes that read images, or auto: one for each core")
    device: Device = Field("auto", description=HELP)
    devices: int = Field(1, ge=1, le=1024, description="accelerators (or processes) a node")
    nodes: int = Field(1, ge=1, le=10_000, description="machines")
    strategy: Literal["auto", "ddp", "ddp_find_unused_parameters_true"] = Field(
        "auto", description="how several processes share a run"
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true"] = Field(
        "32-true", description="numbers of the forward and backward pass"
    )
    compile: bool = Field(False, description="compile the backbone: minutes at the start, faster after")
    seed: int = Field(0, ge=0, lt=2**32, description="seed of weights, order and augmentation")
    logger: Loggers = Field(
        ("tensorboard",),
        description="where figures go beside the run's folder: tensorboard, csv, mlflow, wandb; several: a,b",
    )
    cache: Path | None = Field(None, description="folder for cached feature maps [the user's cache folder]")

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("must not be true or false")
        if isinstance(value, str) and ("\0" in value or not value.strip()):
            raise ValueError("must not be empty or hold a zero byte")
        return value

    @model_validator(mode="after")
    def _one_way_to_say_k(self) -> Recipe:
        if self.pool not in POOLINGS:
            raise ValueError(f"pool must be one of {', '.join(POOLINGS)}, got {self.pool!r}")
        if self.dataset is not None and self.labels is not None:
            raise ValueError(
                f"labels must be left out with dataset {self.dataset!r}, got {str(self.labels)!r}"
            )
        if self.tile is None and self.overlap is not None:
            raise ValueError(f"overlap needs --tile, got {self.overlap}")
        if self.tile is not None and not self.freeze:
            raise ValueError(f"tile needs --freeze, which computes the maps of tiles once, got {self.tile}")
        if self.by_shard and self.freeze:
            raise ValueError("by_shard says how pictures are read each epoch; with freeze they are read once")
        if self.loss not in ("auto", *LOSSES):
            raise ValueError(f"loss must be one of auto, {', '.join(LOSSES)}, got {self.loss!r}")
        if self.loss != "auto" and self.task not in ("auto", *tasks_of(self.loss)):
            raise ValueError(f"loss {self.loss!r} needs --task {' or '.join(tasks_of(self.loss))}")
        return self

    @property
    def pool_options(self) -> dict[str, Any]:
        """The options of the pooling that were given, for :func:`weldon.models.create_model`."""
        names = {option.name for place in POOLINGS.data.values() for option in options_of(place)}
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        for name, value in (("k_max", self.k_max), ("k_min", self.k_min)):
            chosen = self.k if value is None else value
            if chosen is not None and chosen != "auto":
                given[name] = chosen
        return given

    @property
    def is_pretrained(self) -> bool:
        """Whether the backbone starts from weights that have learnt something."""
        return self.weights != "none"

    @property
    def fixes_statistics(self) -> bool:
        """Whether BatchNorm keeps the statistics that its weights were trained with."""
        return self.batch_norm == "fixed" if self.batch_norm is not None else self.is_pretrained

    @property
    def loss_options(self) -> dict[str, Any]:
        """The options of all losses, each of which takes its own."""
        names = {option.name for place in LOSSES.data.values() for option in options_of(place)}
        return {name: getattr(self, name) for name in names}

    @property
    def reader_count(self) -> int:
        """How many processes read images."""
        return reader_count(self.workers, processes=self.devices)

    @property
    def learning_rate(self) -> float:
        """The rate of the new layers, with the optimiser's default."""
        return self.lr if self.lr is not None else {"adamw": 1e-3, "sgd": 1e-2}[self.optimizer]

    @property
    def decay_rate(self) -> float:
        """The weight decay, with the optimiser's default."""
        return (
            self.weight_decay
            if self.weight_decay is not None
            else {"adamw": 1e-2, "sgd": 1e-4}[self.optimizer]
        )
