"""Predict on Ray Data: actors hold the model, pictures come from and rows go to any store that Ray reads.

python examples/ray_predict.py runs/train s3://bucket/photos s3://bucket/predictions 8

Ray keeps the paths that are done beside the rows, and passes them over when the command is given again.
A file that cannot be read is a row that says so. It runs on this machine, or where
RAY_ADDRESS says (auto: on the cluster of this machine). pip install 'weldon[ray]'
"""

import os
import sys

import ray
from ray.data.checkpoint import CheckpointConfig

import weldon
from weldon.data.decode import opened
from weldon.data.image import upright_rgb


class Look:
    """One actor: a trained run, loaded once."""

    def __init__(self, run):
        self.model = weldon.load(run)

    def __call__(self, row):
        try:
            with opened(row["bytes"]) as image:
                found = self.model.predict_one(upright_rgb(image))
        except Exception as error:  # decoders fail in every way
            return {"path": row["path"], "labels": [], "probabilities": [], "skipped": str(error)}
        chances = [found.probabilities[name] for name in found.classes]
        return {"path": row["path"], "labels": found.labels, "probabilities": chances, "skipped": ""}


def main(run, photos, out, actors=2):
    """Write a row a picture into Parquet files in ``out``, probabilities in the order of the classes."""
    if "RAY_ADDRESS" not in os.environ:
        # Actors keep their processors: without more, tasks that read, filter and write wait for ever.
        ray.init("local", num_cpus=max(os.cpu_count() or 1, int(actors) + 3))
    done = CheckpointConfig(
        id_column="path", checkpoint_path=f"{out}.done", delete_checkpoint_on_success=False
    )
    ray.data.DataContext.get_current().checkpoint_config = done
    pictures = ray.data.read_binary_files(photos, include_paths=True)
    pool = ray.data.ActorPoolStrategy(size=int(actors))
    pictures.map(Look, fn_constructor_args=[run], compute=pool).write_parquet(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
