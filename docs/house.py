"""Measure how the source is built, and print it beside what is aimed at; ``make check`` runs it.

The exit status is 1 where a measure is worse than its limit, so that the house does not grow worse unseen.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[1] / "src"
Imports = Mapping[str, set[str]]  # of each module, what it imports


@dataclass(frozen=True)
class Measure:
    """A figure of the source.

    Args:
        name: what is counted.
        figure: today.
        aim: of the plan.
        limit: above it ``make check`` fails.
    """

    name: str
    figure: int
    aim: int
    limit: int


def read_modules(root: Path = SOURCE) -> dict[str, ast.Module]:
    """Return the syntax tree of every module by its dotted name."""
    trees = {}
    for path in sorted((root / "weldon").rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def imports_of(trees: Mapping[str, ast.Module], *, at_start: bool = False) -> dict[str, set[str]]:
    """Return which modules each module imports, those named only for types left out.

    Args:
        trees: syntax trees by module name.
        at_start: only what is imported while the module itself is; not what a function imports when called.
    """
    return {name: set(_imported(tree, trees, at_start)) - {name} for name, tree in trees.items()}


def _imported(tree: ast.Module, trees: Mapping[str, ast.Module], at_start: bool) -> Iterator[str]:
    for node in _nodes(tree, at_start):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in trees)
        elif isinstance(node, ast.ImportFrom) and (node.module or "") in trees:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in trees else str(node.module)


def _nodes(node: ast.AST, at_start: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        only_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if only_types or (at_start and function):
            continue
        yield child
        yield from _nodes(child, at_start)


def circles(imports: Imports) -> list[set[str]]:
    """Return the groups of modules that import one another at their start, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for other in imports[name]:
            if other not in number:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], number[other])
        if low[name] == number[name]:
            at = stack.index(name)
            group = set(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.append(group)

    sys.setrecursionlimit(10_000)
    for name in imports:
        if name not in number:
            visit(name)
    return found


def questions_of_kind(trees: Mapping[str, ast.Module]) -> list[str]:
    """Return the places that ask "bags or images?": conditions that name bags, outside the files of bags."""
    asked = []
    for name, tree in trees.items():
        if "bag" in name.rsplit(".", 1)[-1] or name.startswith(("weldon.data.bags", "weldon.structured")):
            continue
        tests = [n.test for n in ast.walk(tree) if isinstance(n, ast.If | ast.IfExp | ast.While)]
        asked += [f"{name}:{test.lineno}" for test in tests if "bag" in ast.unparse(test).lower()]
    return asked


def files_of_one_image() -> list[str]:
    """Return the files that run while an image goes through ``weldon predict``, without the CRF."""
    sys.path.insert(0, str(SOURCE))  # this tree, not the one that happens to be installed
    import torch

    from weldon.cli import app
    from weldon.data.scenes import make_scenes, write_scenes
    from weldon.files import write_json
    from weldon.models import create_model, save_model

    seen: set[str] = set()

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name not in {"<module>", "__getattr__"}:
            seen.add(frame.f_code.co_filename)

    with tempfile.TemporaryDirectory() as folder:
        run, photos = Path(folder) / "run", Path(folder) / "photos"
        write_scenes(photos, {"test": make_scenes(1, split="test", seed=0)})
        torch.manual_seed(0)
        save_model(create_model("test_resnet", 2, weights="none"), run / "weights" / "best.safetensors")
        (run / "classes.txt").write_text("cat\ndog\n")
        (run / "config.toml").write_text('image_size = 64\nresize = "keep"\ntask = "multilabel"\n')
        write_json(
            run / "thresholds.json", {"scale": "score", "map_scale": 1, "classes": {"cat": 0, "dog": 0}}
        )
        image = str(next(photos.rglob("*.png")))
        words = ["predict", str(run), image, "--boxes", "--masks", "--to", "coco", "--out"]
        app([*words, f"{folder}/first"], standalone_mode=False)  # loads what is loaded when first used
        sys.setprofile(note)
        try:
            app([*words, f"{folder}/out"], standalone_mode=False)
        finally:
            sys.setprofile(None)
    return sorted(path for path in seen if path.startswith(str(SOURCE)) and "/crf/" not in path)


def measure(on_the_way: list[str]) -> list[Measure]:
    """Return every figure, given the files that one image goes through."""
    trees = read_modules()
    imports = imports_of(trees)
    importers: dict[str, set[str]] = defaultdict(set)
    for name, others in imports.items():
        for other in others:
            importers[other].add(name)
    leaves = {n for n in trees if (SOURCE / (n.replace(".", "/") + ".py")).exists()}
    names = Counter(name.rsplit(".", 1)[-1] for name in leaves)
    return [
        Measure("files one image goes through in predict", len(on_the_way), 20, 51),
        Measure('places that ask "bags or images?"', len(questions_of_kind(trees)), 3, 3),
        Measure("modules", len(trees), 175, 371),
        Measure("modules with one importer", sum(len(importers[name]) == 1 for name in leaves), 40, 103),
        Measure("file names used twice", sum(count > 1 for count in names.values()), 6, 6),
        Measure("pairs of modules, one importing the other", sum(map(len, imports.values())), 900, 1789),
        Measure("circles of imports", len(circles(imports_of(trees, at_start=True))), 0, 0),
    ]


if __name__ == "__main__":
    files = files_of_one_image()
    if "--where" in sys.argv:
        print("\n".join([*files, *questions_of_kind(read_modules())]))
    measures = measure(files)
    print(f"{'measure':45} {'today':>6} {'aim':>6} {'limit':>6}")
    for row in measures:
        print(f"{row.name:45} {row.figure:6} {row.aim:6} {row.limit:6}")
    if worse := [row.name for row in measures if row.figure > row.limit]:
        sys.exit(f"worse than the limit in docs/house.py: {', '.join(worse)}")
