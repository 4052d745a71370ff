"""Token ids of texts through one pack merged in every way, by Hugging Face tokenizers (Rust) and SentencePiece.

Reads {"base": tokenizer.json, "pack": pack, "texts": [...]} from stdin, writes {way: [[id, ...], ...]} to stdout. Without the
sentencepiece package "score-zero" is missing.
"""

import json
import sys

from tokenizers import AddedToken, Tokenizer

asked = json.load(sys.stdin)
with open(asked["base"], encoding="utf-8") as file:
    source = json.load(file)
with open(asked["pack"], encoding="utf-8") as file:
    pack = json.load(file)
texts = asked["texts"]
first = pack["firstId"]
pieces = [left + right for left, right, _ in pack["merges"]]
merges = source["model"]["merges"]
new_merges = [[left, right] for left, right, _ in pack["merges"]]


def through(tokenizer):
    return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def with_vocabulary(all_merges):
    vocab = dict(source["model"]["vocab"])
    # The added tokens that the vocabulary lacks keep their ids only when it has them.
    for token in source["added_tokens"]:
        vocab.setdefault(token["content"], token["id"])
    vocab.update({piece: first + index for index, piece in enumerate(pieces)})
    model = {**source["model"], "vocab": vocab, "merges": all_merges}
    return Tokenizer.from_str(json.dumps({**source, "model": model}))


def with_added_tokens(normalized):
    tokenizer = Tokenizer.from_str(json.dumps(source))
    tokenizer.add_tokens([AddedToken(piece, normalized=normalized, special=False) for piece in pieces])
    return tokenizer


result = {
    "right": through(with_vocabulary(merges + new_merges)),
    "merges-first": through(with_vocabulary(new_merges + merges)),
    "no-merges": through(with_vocabulary(merges)),
    "added-normalized": through(with_added_tokens(True)),
    "added-raw": through(with_added_tokens(False)),
}

try:
    from sentencepiece import SentencePieceProcessor
    from sentencepiece.sentencepiece_model_pb2 import ModelProto
except ImportError:
    pass
else:
    kind = ModelProto.SentencePiece
    model = ModelProto()
    by_id = {index: piece for piece, index in source["model"]["vocab"].items()}

    def append(piece, score, piece_type):
        entry = model.pieces.add()
        entry.piece, entry.score, entry.type = piece, score, piece_type

    # Types and scores of Gemma 3's own model: the pieces from 494 on in the order of their scores.
    for index in range(len(by_id)):
        if index < 3:
            append(by_id[index], 0, kind.CONTROL)
        elif index == 3:
            append(by_id[index], 0, kind.UNKNOWN)
        elif index < 238 or index >= 255_968:
            append(by_id[index], 0, kind.USER_DEFINED)
        elif index < 494:
            append(by_id[index], 0, kind.BYTE)
        else:
            append(by_id[index], 494 - index, kind.NORMAL)
    shift = first - len(model.pieces)
    for piece in pieces:
        append(piece, 0, kind.NORMAL)
    trainer = model.trainer_spec
    trainer.model_type, trainer.byte_fallback, trainer.vocab_size = 2, True, len(model.pieces)
    trainer.pad_id, trainer.eos_id, trainer.bos_id, trainer.unk_id = 0, 1, 2, 3
    trainer.pad_piece, trainer.eos_piece, trainer.bos_piece, trainer.unk_piece = (by_id[index] for index in range(4))
    normalizer = model.normalizer_spec
    normalizer.name, normalizer.add_dummy_prefix = "identity", False
    normalizer.remove_extra_whitespaces, normalizer.escape_whitespaces = False, True
    processor = SentencePieceProcessor(model_proto=model.SerializeToString())
    last = first - shift
    result["score-zero"] = [
        [index + shift if index >= last else index for index in processor.encode(text)] for text in texts
    ]

json.dump(result, sys.stdout)
