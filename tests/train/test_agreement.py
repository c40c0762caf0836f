"""Whether a base speaks the recipe's template is told by its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from curation.core.errors import IntegrityError, MissingError, ProjectError
from curation.train.agreement import compare
from curation.train.recipe import Base, TrainRecipe

# As published: rows without a system prompt get one with today's date.
V7 = """{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] %}
{%- set rest = messages[1:] %}
{%- else %}{%- set system = 'Today is ' + strftime_now('%Y-%m-%d') %}{%- set rest = messages %}{%- endif %}
{{- bos_token + '[SYSTEM_PROMPT]' + system + '[/SYSTEM_PROMPT]' }}
{%- for m in rest %}{%- if m['role'] == 'user' %}{{- '[INST]' + m['content'] + '[/INST]' }}
{%- elif m['role'] == 'assistant' %}{{- m['content'] + eos_token }}
{%- else %}{{- raise_exception('no such role') }}{%- endif %}{%- endfor %}"""
CHATML = """{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}\
{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""


@pytest.fixture
def base(tmp_path: Path, tiny_folder: Path) -> Path:
    shutil.copytree(tiny_folder, tmp_path / "models" / "base")
    return tmp_path / "models" / "base"


def put(base: Path, template: str, place: str) -> None:
    if place.endswith(".jinja"):
        (base / place).write_text(template)
        return
    settings = json.loads((base / place).read_text()) if (base / place).exists() else {}
    (base / place).write_text(json.dumps({**settings, "chat_template": template}))


@pytest.mark.parametrize("place", ["chat_template.jinja", "chat_template.json", "tokenizer_config.json"])
@pytest.mark.parametrize(("name", "template"), [("mistral-v7-tekken", V7), ("chatml", CHATML)])
def test_equal_templates_agree(
    recipe: TrainRecipe, base: Path, tmp_path: Path, place: str, name: str, template: str
) -> None:
    put(base, template, place)
    mine = replace(recipe, base=Base("models/base", name))  # type: ignore[arg-type]
    assert compare(mine, tmp_path) == f"{name}, as the base's own template token for token"


def test_another_template_is_told_with_the_place(recipe: TrainRecipe, base: Path, tmp_path: Path) -> None:
    put(base, CHATML, "chat_template.jinja")
    with pytest.raises(ProjectError, match=r"not mistral-v7-tekken: they part at token 0"):
        compare(replace(recipe, base=Base("models/base", "mistral-v7-tekken")), tmp_path)
    put(base, CHATML.replace("'\\n' + m", "' ' + m"), "chat_template.jinja")
    with pytest.raises(ProjectError, match="not chatml"):
        compare(replace(recipe, base=Base("models/base", "chatml")), tmp_path)


def test_no_base_no_template_and_a_broken_one(recipe: TrainRecipe, base: Path, tmp_path: Path) -> None:
    mine = replace(recipe, base=Base("models/base", "chatml"))
    assert "no template to compare with" in compare(mine, tmp_path)
    put(base, "{% if %}", "chat_template.jinja")
    with pytest.raises(IntegrityError, match="template of the model fails"):
        compare(mine, tmp_path)
    with pytest.raises(MissingError):
        compare(replace(recipe, base=Base("models/none", "chatml")), tmp_path)
