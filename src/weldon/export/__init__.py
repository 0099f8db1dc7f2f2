"""A network in other clothes: ONNX with the maps inside, a torch program, a folder for a hub."""

from weldon.export.model import Exported, export_model, export_run

__all__ = ["Exported", "export_model", "export_run"]
