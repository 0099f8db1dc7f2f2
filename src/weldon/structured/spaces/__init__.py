"""Output spaces: what can be answered, what an answer costs, and the exact loss-augmented inference."""

from weldon.structured.spaces.enumerated import Binary, Enumerated, MultiClass
from weldon.structured.spaces.multilabel import MultiLabel
from weldon.structured.spaces.ranking_space import Ranking
from weldon.structured.spaces.space import OutputSpace

__all__ = ["Binary", "Enumerated", "MultiClass", "MultiLabel", "OutputSpace", "Ranking"]
