"""Networks that score classes and show the regions they score: any timm backbone, 1x1 transfer, pooling."""

from weldon.models.backbone import Backbone, build_backbone
from weldon.models.bag_net import BagNet, create_bag_model
from weldon.models.checkpoint import holds_bag_model, load_bag_model, load_model, load_network, save_model
from weldon.models.hub import describe_model, push_model, write_folder
from weldon.models.network import WeldonNet, create_model
from weldon.models.region_net import RegionNet, cell_mask

__all__ = [
    "Backbone",
    "BagNet",
    "RegionNet",
    "WeldonNet",
    "build_backbone",
    "cell_mask",
    "create_bag_model",
    "create_model",
    "describe_model",
    "holds_bag_model",
    "load_bag_model",
    "load_model",
    "load_network",
    "push_model",
    "save_model",
    "write_folder",
]
