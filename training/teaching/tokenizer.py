"""The base tokenizer of the teaching model: a small BPE with byte fallback in the form of Gemma 3's tokenizer.json.

It is trained on English only. Korean is what it is to a tokenizer that was made for another language: the commonest
syllables have a piece of their own, as in Gemma, but no two of them were ever merged; the rest are three bytes each.
A syllable that has no piece could not be merged later either: a Korean vocabulary is appended as merges of pieces.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

# Ids 0 to 3 are Gemma's. What follows has Gemma's names; Gemma's ids lie beyond this vocabulary.
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>"]
# As in Gemma, the last id of all.
IMAGE_TOKEN = "<image_soft_token>"
PAD, EOS, BOS = 0, 1, 2

# The pieces that the chat template and images write: "user\n\n\n" in front of an image, "\n\n" behind it.
NEWLINES = [("\n", "\n"), ("\n\n", "\n")]
ROLES = ["user", "model"] * 100
PRINTABLE = [chr(code) for code in range(33, 127)]
# Words with the space before them; nothing is merged across spaces, punctuation and lines.
WORD = Regex(r"▁?[A-Za-z]+|[^A-Za-z▁]|▁")
TEMPLATE = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8")


def is_hangul(character: str) -> bool:
    return "가" <= character <= "힣"


def commonest_syllables(texts: Iterable[str], count: int) -> list[str]:
    """The commonest Hangul syllables; equals in the order of Unicode."""
    counts = Counter(character for text in texts for character in text if is_hangul(character))
    return sorted(counts, key=lambda character: (-counts[character], character))[:count]


def train_merges(texts: Iterable[str], count: int) -> list[tuple[str, str]]:
    """The first `count` merges that BPE learns; fewer where the texts have no more pairs."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Split(WORD, behavior="isolated")
    alphabet = [*PRINTABLE, "▁"]
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + count, initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False
    )
    bpe.train_from_iterator((text.replace(" ", "▁") for text in texts), trainer)
    return [(left, right) for left, right in json.loads(bpe.to_str())["model"]["merges"]]


def build_tokenizer(english: list[str], korean: list[str], *, merges: int = 512, syllables: int = 128) -> dict:
    """The contents of tokenizer.json. The same texts give the same tokenizer."""
    learnt = [*NEWLINES, *train_merges([*english, *ROLES], merges)]
    characters = ["\n", "▁", *PRINTABLE, *commonest_syllables(korean, syllables)]
    pieces = [
        *SPECIAL,
        *(f"<0x{byte:02X}>" for byte in range(256)),
        *(left + right for left, right in learnt),
        *characters,
        IMAGE_TOKEN,
    ]
    # Two merges may make the same piece.
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    added = [
        {
            "id": vocabulary[token],
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for token in [*SPECIAL, IMAGE_TOKEN]
    ]
    bos = {"SpecialToken": {"id": "<bos>", "type_id": 0}}
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithPrevious",
            "invert": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, sequence],
            "pair": [bos, sequence, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [BOS], "tokens": ["<bos>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": [[left, right] for left, right in learnt],
        },
    }


def write_tokenizer(folder: Path, tokenizer: dict) -> None:
    """What a checkpoint of Gemma 3 has beside its weights so that it can be talked to."""
    image_tokens = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": IMAGE_TOKEN}
    names = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", **image_tokens}
    files = {
        "tokenizer.json": tokenizer,
        "special_tokens_map.json": names,
        "tokenizer_config.json": {
            "tokenizer_class": "GemmaTokenizer",
            "processor_class": "Gemma3Processor",
            "add_bos_token": True,
            "add_eos_token": False,
            "clean_up_tokenization_spaces": False,
            "spaces_between_special_tokens": False,
            **names,
            "extra_special_tokens": image_tokens,
            "chat_template": TEMPLATE,
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
