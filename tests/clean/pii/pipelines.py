"""Small spaCy pipelines that are trained here, in seconds, on made-up talk."""

from __future__ import annotations

import random
from pathlib import Path

from tests.clean.pii.talk import Talk, Told

# The architecture of en_core_web_sm 3.8, for timing: https://github.com/explosion/spacy-models
_TOK2VEC = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 96,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE", "SPACY", "IS_SPACE"],
        "rows": [5000, 1000, 2500, 2500, 50, 50],
        "include_static_vectors": False,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 96,
        "depth": 4,
        "window_size": 1,
        "maxout_pieces": 3,
    },
}
_SMALL = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 48,
    "depth": 2,
    "embed_size": 500,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
_LEMMAS = {"cards": "card", "numbers": "number", "called": "call", "phones": "phone", "telephones": "telephone"}


def examples(count: int, seed: int = 7) -> list[Told]:
    """Sentences to train on, half of them without an entity."""
    talk = Talk(seed)
    return [(talk.telling if number % 2 else talk.message)(*(() if number % 2 else (0.1,))) for number in range(count)]


def train(folder: Path, *, full: bool = False, count: int = 400, epochs: int = 6, language: str = "en") -> Path:
    """Train a pipeline and write it.

    Args:
        folder: where it is written.
        full: with the tagger and the sizes of en_core_web_sm (the tagger says nothing true, but takes its time);
            else a small `ner` only. Both have a lemmatizer.
        count: sentences to train on.
        epochs: how often each is seen.
        language: the pipeline's language.
    """
    import spacy
    from spacy.lookups import Lookups
    from spacy.training import Example

    spacy.util.fix_random_seed(1)
    nlp = spacy.blank(language)
    if full:
        nlp.add_pipe("tok2vec", config={"model": _TOK2VEC})
        tagger = nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": _listener()}})
        for number in range(49):
            tagger.add_label(f"T{number}")
        rules = nlp.add_pipe("attribute_ruler")
        rules.add(patterns=[[{"TAG": "T1"}]], attrs={"POS": "NOUN"})
    nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    ner = nlp.add_pipe("ner", config={"model": {"tok2vec": _TOK2VEC if full else _SMALL}})
    told = examples(count)
    for _, _, label in (entity for one in told for entity in one.entities):
        ner.add_label(label)
    made = [Example.from_dict(nlp.make_doc(one.text), {"entities": list(one.entities)}) for one in told]
    lookups = Lookups()
    lookups.add_table("lemma_lookup", _LEMMAS)
    nlp.get_pipe("lemmatizer").initialize(lookups=lookups)
    with nlp.select_pipes(disable=["lemmatizer"]):
        optimizer = nlp.initialize(lambda: made[:20])
        rng = random.Random(3)
        with nlp.select_pipes(enable="ner"):
            for _ in range(epochs):
                rng.shuffle(made)
                for batch in spacy.util.minibatch(made, 32):
                    nlp.update(batch, sgd=optimizer)
    nlp.to_disk(folder)
    return folder


def _listener() -> dict[str, object]:
    return {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
