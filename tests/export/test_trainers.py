"""Exports as trainers read them: by the trainers' own code where it is installed, else against what they document."""

import json

import pyarrow.parquet as pq
import pytest
import yaml
from export_stand import make_project, pair, publish, record, turns

from curation.demo.tiny_base import build_tiny_base
from curation.export.export import export
from curation.export.recipe import MixRecipe, Persona, Splits

CLIENT = Persona(system="You are the client.", details=("Who you are: {meta.who}",), opening="Hello.")
VOICES = {"assistant": Persona(system="Help."), "client": CLIENT, "neutral": Persona()}
VIEWS = ("trl", "llamafactory", "axolotl", "openai")


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    who = [{"key": "who", "value": "A baker of forty who cannot sleep."}]
    talk = turns("u: I am tired.", "a: Since when?", "u: Since May.", "a: What happened in May?", "u: I moved.")
    rows = [record("one", n, group=f"g{n}", messages=turns(f"u: Question {n}?", f"a: Answer {n}.")) for n in range(20)]
    rows += [
        record("one", f"c{n}", persona="client", meta=who, messages=[*talk, *turns(f"a: Where to {n}?", "u: Here.")])
        for n in range(10)
    ]
    rows += [pair("one", f"p{n}", group=f"p{n}") for n in range(20)]
    project = make_project(folder, {"one": {}})
    views = {"one": publish(project, "one", rows)}
    return {
        task: export(project, MixRecipe(mix=task, task=task, personas=VOICES, splits=Splits(0.3), views=VIEWS), views)
        for task in ("sft", "dpo")
    }


def lines(made, name):
    return [json.loads(line) for line in (made.folder / name).read_text().splitlines()]


def config(made, name):
    return yaml.safe_load((made.folder / name).read_text())


def client(rows):
    return next(r for r in rows if r["messages"][0]["content"].startswith("You are the client."))


def test_a_client_is_learned_as_the_assistant_and_told_who_it_is(exports):
    row = client(lines(exports["sft"], "train.jsonl"))
    assert row["messages"][0]["content"] == "You are the client. Who you are: A baker of forty who cannot sleep."
    assert [m["role"] for m in row["messages"]] == ["system", *["user", "assistant"] * 4]
    assert row["messages"][1]["content"] == "Hello." and row["messages"][2]["content"] == "I am tired."


def test_openai_lines_hold_what_the_service_takes_and_nothing_else(exports):
    for row in lines(exports["sft"], "openai_train.jsonl"):
        assert set(row) == {"messages"}
        for message in row["messages"]:
            assert set(message) <= {"role", "content", "weight"}
            assert message.get("weight", None) in ((1, 0) if message["role"] == "assistant" else (None,))
    for row in lines(exports["dpo"], "openai_train.jsonl"):
        assert set(row) == {"input", "preferred_output", "non_preferred_output"}
        assert row["input"]["messages"][-1]["role"] == "user"
        assert [m["role"] for m in row["preferred_output"] + row["non_preferred_output"]] == ["assistant"] * 2


def test_configs_name_files_and_columns_that_are_there(exports):
    for task, made in exports.items():
        info = json.loads((made.folder / "dataset_info.json").read_text())
        assert set(info) == {f"{task}-train", f"{task}-validation"}
        for entry in info.values():
            first = lines(made, entry["file_name"])[0]
            assert set(entry["columns"].values()) <= set(first)
        found = config(made, "axolotl.yaml")
        for entry in found["datasets"] + found["test_datasets"]:
            names = pq.read_schema(made.folder / entry["path"]).names
            assert {v for k, v in entry.items() if k.startswith("field_")} <= set(names)
        (entry,) = config(made, "trl.yaml")["datasets"]
        assert set(entry["columns"]) <= set(lines(made, entry["data_files"])[0])


def test_documented_rules_of_llamafactory_hold(exports):
    """User and assistant in strict turn, an answer at the end; of preferences a user's turn, and answers as turns."""
    for row in lines(exports["sft"], "train.jsonl"):
        body = row["messages"][row["messages"][0]["role"] == "system" :]
        assert [m["role"] for m in body] == ["user", "assistant"] * (len(body) // 2)
    for row in lines(exports["dpo"], "llamafactory_train.jsonl"):
        assert row["messages"][-1]["role"] == "user"
        assert row["chosen"]["role"] == row["rejected"]["role"] == "assistant"


@pytest.mark.slow
def test_llamafactorys_own_code_converts_every_row(exports):
    converter = pytest.importorskip("llamafactory.data.converter")
    parser = pytest.importorskip("llamafactory.data.parser")
    arguments = pytest.importorskip("llamafactory.hparams")
    for task, made in exports.items():
        names = list(json.loads((made.folder / "dataset_info.json").read_text()))
        for attributes in parser.get_dataset_list(names, str(made.folder)):
            data = arguments.DataArguments(dataset_dir=str(made.folder))
            convert = converter.get_dataset_converter(attributes.formatting, attributes, data)
            rows = lines(made, attributes.dataset_name)
            for row in rows:
                found = convert(row)
                said = row["messages"][row["messages"][0]["role"] == "system" :]
                if task == "sft":
                    assert [m["content"] for m in found["_prompt"] + found["_response"]] == [m["content"] for m in said]
                    assert found["_system"] == (row["messages"][0]["content"] if said is not row["messages"] else "")
                else:
                    assert [m["content"] for m in found["_prompt"]] == [m["content"] for m in said]
                    answers = [row[side]["content"] for side in ("chosen", "rejected")]
                    assert [m["content"] for m in found["_response"]] == answers
            assert rows


def tokenizer(folder):
    transformers = pytest.importorskip("transformers")
    build_tiny_base(folder)
    made = transformers.AutoTokenizer.from_pretrained(folder)
    made.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}{% generation %}"
        "{{ m['content'] }}<|im_end|>{% endgeneration %}{% else %}{{ m['content'] }}<|im_end|>{% endif %}\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    made.eos_token = "<|im_end|>"
    return made


@pytest.mark.slow
def test_axolotls_own_code_reads_every_row(exports, tmp_path):
    strategies = pytest.importorskip("axolotl.prompt_strategies.chat_template")
    preference = pytest.importorskip("axolotl.prompt_strategies.dpo.chat_template")
    as_dict = pytest.importorskip("axolotl.utils.dict").DictDefault
    words = tokenizer(tmp_path / "base")
    made = exports["sft"]
    (entry,) = config(made, "axolotl.yaml")["datasets"]
    cfg = as_dict({"sequence_len": 4096, "train_on_inputs": False, "chat_template": "tokenizer_default"})
    read = strategies.load(words, cfg, ds_cfg=as_dict(entry))
    for row in pq.read_table(made.folder / entry["path"]).to_pylist():
        found = read.tokenize_prompt(row)
        learned = words.decode([t for t, label in zip(found["input_ids"], found["labels"], strict=True) if label >= 0])
        for message in row["messages"]:
            assert (message["content"] in learned) == message["train"]
    made = exports["dpo"]
    found = config(made, "axolotl.yaml")
    transform, *_ = preference.default(as_dict({**found, "chat_template": "tokenizer_default"}))
    for row in pq.read_table(made.folder / found["datasets"][0]["path"]).to_pylist():
        seen = transform(row, tokenizer=words)
        assert row["prompt"][-1]["content"] in seen["prompt"]
        assert row["chosen"][0]["content"] in seen["chosen"] and row["rejected"][0]["content"] in seen["rejected"]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", ["sft", "dpo"])
def test_trl_loads_an_export_by_its_config_and_takes_a_step(exports, tmp_path, monkeypatch, task):
    trl = pytest.importorskip("trl")
    utils = pytest.importorskip("trl.scripts.utils")
    transformers = pytest.importorskip("transformers")
    words = tokenizer(tmp_path / "base")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    monkeypatch.chdir(exports[task].folder)
    found = config(exports[task], "trl.yaml")
    mixture = utils.DatasetMixtureConfig(datasets=[utils.DatasetConfig(**d) for d in found["datasets"]])
    data = utils.get_dataset(mixture)["train"]
    assert len(data) == exports[task].manifest["rows"]["train"]
    common = {
        "output_dir": str(tmp_path / "out"), "max_steps": 1, "per_device_train_batch_size": 4, "report_to": "none",
        "use_cpu": True, "bf16": False, "max_length": 512, "save_strategy": "no",
    }  # fmt: skip
    if task == "sft":
        args = trl.SFTConfig(**common, assistant_only_loss=found["assistant_only_loss"])
        trainer = trl.SFTTrainer(model=model, args=args, train_dataset=data, processing_class=words)
        row = next(r for r in data if r["messages"][0]["content"].startswith("You are the client."))
        seen = words.apply_chat_template(
            row["messages"], tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        said = words.decode([t for t, m in zip(seen["input_ids"], seen["assistant_masks"], strict=True) if m])
        assert "I am tired." in said and "Since when?" not in said and "baker" not in said
    else:
        trainer = trl.DPOTrainer(model=model, args=trl.DPOConfig(**common), train_dataset=data, processing_class=words)
    result = trainer.train()
    assert result.global_step == 1 and 0 < result.training_loss < 20
