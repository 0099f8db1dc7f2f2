"""The latent structured model itself: bags in, any output, evidence for and against (Eq. 1 to 7)."""

from weldon.data.bags.bag_files import open_bags
from weldon.data.bags.bag_set import BagDataset, as_bags
from weldon.data.bags.bag_source import BagSource
from weldon.structured.bag_evidence import BagEvidence, Instance, bag_evidence
from weldon.structured.calibration import calibrate_beta
from weldon.structured.classifier import NegativeEvidenceClassifier
from weldon.structured.concave_convex import solve_concave_convex
from weldon.structured.latent import LATENT_RULES, build_latent_rule
from weldon.structured.linear import LinearScores, LogLinear, region_scores
from weldon.structured.objective import Problem
from weldon.structured.per_instance import PerInstance
from weldon.structured.ragged import PackedBags, bucket_bags, pool_bags
from weldon.structured.ranker import NegativeEvidenceRanker
from weldon.structured.spaces import Binary, Enumerated, MultiClass, MultiLabel, OutputSpace, Ranking
from weldon.structured.stochastic import Schedule, pack, solve_stochastic

__all__ = [
    "LATENT_RULES",
    "BagDataset",
    "BagEvidence",
    "BagSource",
    "Binary",
    "Enumerated",
    "Instance",
    "LinearScores",
    "LogLinear",
    "MultiClass",
    "MultiLabel",
    "NegativeEvidenceClassifier",
    "NegativeEvidenceRanker",
    "OutputSpace",
    "PackedBags",
    "PerInstance",
    "Problem",
    "Ranking",
    "Schedule",
    "as_bags",
    "bag_evidence",
    "bucket_bags",
    "build_latent_rule",
    "calibrate_beta",
    "open_bags",
    "pack",
    "pool_bags",
    "region_scores",
    "solve_concave_convex",
    "solve_stochastic",
]
