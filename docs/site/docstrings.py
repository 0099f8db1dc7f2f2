"""Hook of the site: equations, examples and cross-references of docstrings, with no script to load."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

BLOCK = re.compile(r"^(?P<indent> *)\.\. math::(?P<tex>.*\n(?:(?P=indent) +\S.*\n)*)", re.MULTILINE)
INLINE = re.compile(r":math:`([^`]+)`")
DOCTEST = re.compile(r"^(?P<indent> *)>>> .*\n(?:(?P=indent)\S.*\n|(?P=indent) +\S.*\n)*", re.MULTILINE)
ROLE = re.compile(r":(?:func|class|meth|mod|attr|data):`~?([\w.]+)`")


def on_config(config: Any) -> Any:
    config.markdown_extensions.append(PaperMath())
    return config


class PaperMath(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  (the name that Markdown calls)
        md.preprocessors.register(
            MathPreprocessor(md), "paper_math", priority=28
        )  # before lists and code blocks


class MathPreprocessor(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        text = BLOCK.sub(self._block, "\n".join(lines) + "\n")
        text = INLINE.sub(lambda found: self._kept(found[1], "inline"), text)
        text = ROLE.sub(link, text)
        text = re.sub(r"::\n(?=\n +\S)", ":\n", text)  # the sign that code follows, which Markdown needs not
        return DOCTEST.sub(fence, text).split("\n")

    def _block(self, found: re.Match[str]) -> str:
        return f"{found['indent']}{self._kept(dedent(found['tex']), 'block')}\n"

    def _kept(self, tex: str, display: str) -> str:
        return self.md.htmlStash.store(mathml(tex, display))


def mathml(tex: str, display: str) -> str:
    known = tex.replace(r"\arg\max", r"\operatorname{argmax}").replace(r"\arg\min", r"\operatorname{argmin}")
    drawn = convert(known.strip(), display=display)
    return f'<div class="equation">{drawn}</div>' if display == "block" else drawn


def link(role: re.Match[str]) -> str:
    """Link a full name where the site has it; a short one is set as code."""
    name = role[1]
    shown = f"<code>{name.rsplit('.', 1)[-1]}</code>"
    return f'<autoref identifier="{name}" optional>{shown}</autoref>' if "." in name else shown


def fence(doctest: re.Match[str]) -> str:
    indent = doctest["indent"]
    return f"{indent}```pycon\n{doctest[0]}{indent}```\n"
