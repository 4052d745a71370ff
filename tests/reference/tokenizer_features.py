"""What Hugging Face tokenizers (Rust) makes of every kind of step and model of a tokenizer.json.

    python tests/reference/tokenizer_features.py                  # writes tests/fixtures/tokenizer/features.json.gz
    python tests/reference/tokenizer_features.py --random 400 --out FILE   # with more texts, to look for differences: then FEATURES names
                                                                  # the file for tests/unit/tokenizer/features.test.ts

Needs the package tokenizers (0.23.2 was used). Normalizers and pre-tokenizers run before a model of bytes, whose "end_of_word_suffix"
puts "|" behind each word, so that the tokens, read as UTF-8, show the normalized text and its cuts.
"""

import argparse
import base64
import gzip
import json
import random
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TEXTS = [
    "", " ", "  \n", "\r\n", "a", "Hello, World!", "  two  spaces ", "tab\tand\u00a0nbsp\u3000wide", "line\nbreak\r\n\r\nend\n",
    "안녕하세요, 반갑습니다!", "한글".encode().decode() + "  띄어 쓰기", "\u1112\u1161\u11ab\u1100\u1173\u11af nfd", "caf\u00e9 cafe\u0301 \u00c5ngstr\u00f6m",
    "Ａｂｃ１２３ ﬁ ﬂ ① ½ ㎏ ㈜", "don't I'LL you've x'S 'sS", "𝒳𝕏 👩‍👩‍👧‍👦👍🏽 🇰🇷", "a\u200db\u200cc\u200bd\ufeffe", "数字123と漢字 kanji", "x1y22z333 ٣٤ Ⅻ ²³",
    "ΣΑΣ İstanbul ſtraße ẞ K", "!!??--..~~ ,,;;", "<mask><mask> <s>in</s>word<mask>word <MASK>", "e\u0301\u0323 \u0323\u0301 \u0301", "नमस्ते ไทย العربية עברית",
    "\u0001\u0007\u007f\u0085\u009f\ufffd\u2028\u2029\u180e", "ab--cd- -e", "_under_score __x", "3.14 1,000 v2.0", "▁meta▁space ▁", " lead", "trail ", "a|b", "aaaa bbbb abab", "\u0e33\u0eb3 ﷺ ㍿ Ǆ", "ㅎㅏㄴ ㄱㅡㄹ ᄒᆞᆫ글",
]

ADDED = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


def byte_model(**options):
    vocab = {f"<0x{byte:02X}>": byte for byte in range(256)}
    vocab["<unk>"] = 256
    return {"type": "BPE", "vocab": vocab, "merges": [], "byte_fallback": True, "unk_token": "<unk>",
            "end_of_word_suffix": "|", **options}


def file(model=None, added=(), **parts):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added), "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None, **parts, "model": model}


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
REGEXES = [
    LLAMA3, CL100K, O200K, DEEPSEEK, r"\s+", r"\w+", r"\W+", r"[\w]+", r"\d", r"\D+", r"\h+", r"[[:alpha:]]+", r"[^[:alnum:]]", r"[[:space:]]+",
    r".", r".+", r"a*", r"x*?", r"\b", r"\B", r"^", r"$", r"^.", r".$", r"\A.", r".\z", r"a{2}", r"a{1,2}?b", r"a{,2}b", r"(?<=a)b", r"(?<!a)b", r"(?=b)a|b",
    r"(?:ab)+", r"(ab|cd)-", r"(?>a+)b", r"a++b?", r"[a-c&&[^b]]+", r"[a-z--]", r"\x41", r"\x{AC00}", r"\u0061", r"[\x61-\x63]", r"(?i:k)", r"(?i:[a-z]+)",
    r"\p{Han}+", r"\p{Hangul}", r"\p{^L}", r"\P{L}+", r"[一-龥぀-ゟ゠-ヿ]+", r"[가-힣]+", r"\.", r"-|\+", r"'", r"\e|\a", r"\R", r"\X", r"(?i)abc", r"(?m:a.)", r"\p{Punct}",
    r"a{2}+", r"\Z", r"(a)\1", r"(?<n>a)", r"[[:punct:]]", r"\p{Emoji}", r"(?i:ss)", r"[^\S\r\n]+", r"\s?[^\s]+|\s+", r"\S+\s*", r"[\s\S]", r"[^\n]+", r"\t| {2,}", r"(?i:[^a])",
    r"[\p{L}&&\p{Latin}]+", r"[\W]", r"[^\W]", r"(?=\s)", r"(?<=\p{Hangul})(?=\p{Latin})",
]

NORMALIZERS = {
    **{name: {"type": name} for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]},
    **{f"Strip {left} {right}": {"type": "Strip", "strip_left": left, "strip_right": right} for left in (True, False) for right in (True, False)},
    "Prepend": {"type": "Prepend", "prepend": "▁"},
    "Replace String": {"type": "Replace", "pattern": {"String": "a"}, "content": "$1ÀÀ"},
    "Replace longer": {"type": "Replace", "pattern": {"String": "  "}, "content": " "},
    "Replace to nothing": {"type": "Replace", "pattern": {"String": "l"}, "content": ""},
    "Replace Regex": {"type": "Replace", "pattern": {"Regex": r"\s{2,}|'"}, "content": "\\1"},
    "Replace empty match": {"type": "Replace", "pattern": {"Regex": "b*"}, "content": "-"},
    **{f"Bert {flags}": {"type": "BertNormalizer", **dict(zip(["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"], flags))}
       for flags in [(True, True, None, True), (True, False, None, False), (False, True, True, False), (False, False, False, True), (True, True, True, True)]},
    "Sequence": {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, {"type": "StripAccents"}]}]},
    "Sequence empty": {"type": "Sequence", "normalizers": []},
    "Sequence null": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Strip", "strip_left": True, "strip_right": True}]},
}

FIXTURES = Path(__file__).parent / "../fixtures/tokenizer"


def fields(message):
    """The fields of a protobuf that are bytes: number, content."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag % 8 == 0:
            varint()
            continue
        length = {1: lambda: 8, 2: varint, 5: lambda: 4}[tag % 8]()
        yield tag // 8, message[at : at + length]
        at += length


def charsmap(name):
    normalizer = next(content for field, content in fields((FIXTURES / name).read_bytes()) if field == 3)
    return base64.b64encode(next(content for field, content in fields(normalizer) if field == 2)).decode()


CHARSMAPS = {f"@{name}": charsmap(name) for name in ("unigram-nfkc.model", "bpe-rules.model")}
for name in CHARSMAPS:
    NORMALIZERS[f"Precompiled {name}"] = {"type": "Precompiled", "precompiled_charsmap": name}
NORMALIZERS["XLM-R"] = {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": "@unigram-nfkc.model"},
                        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Strip", "strip_left": False, "strip_right": True}]}


def as_text(json_file):
    """The tokenizer.json; the charsmap of a model of this folder stands in it as the model's name."""
    text = json.dumps(json_file)
    for name, content in CHARSMAPS.items():
        text = text.replace(json.dumps(name), json.dumps(content))
    return text


PRE_TOKENIZERS = {
    **{name: {"type": name} for name in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"]},
    **{f"ByteLevel {prefix} {regex}": {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex} for prefix in (True, False) for regex in (True, False)},
    "ByteLevel old": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
    **{f"Metaspace {scheme} {cut}": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut} for scheme in ("always", "first", "never") for cut in (True, False)},
    "Metaspace old true": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
    "Metaspace old false": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": False},
    "Metaspace old and new": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "first"},
    "Metaspace contradicts": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": False, "prepend_scheme": "always"},
    "Metaspace never": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": False, "prepend_scheme": "never"},
    "Metaspace x": {"type": "Metaspace", "replacement": "x", "prepend_scheme": "always", "split": True},
    **{f"Digits {one}": {"type": "Digits", "individual_digits": one} for one in (True, False)},
    **{f"Punctuation {behavior}": {"type": "Punctuation", "behavior": behavior} for behavior in BEHAVIORS},
    "Punctuation": {"type": "Punctuation"},
    "CharDelimiterSplit": {"type": "CharDelimiterSplit", "delimiter": "a"},
    **{f"FixedLength {length}": {"type": "FixedLength", "length": length} for length in (1, 3)},
    **{f"Split String {behavior} {invert}": split({"String": "-"}, behavior, invert) for behavior in BEHAVIORS for invert in (False, True)},
    **{f"Split Regex {behavior} {invert}": split({"Regex": r"\s|\p{P}+"}, behavior, invert) for behavior in BEHAVIORS for invert in (False, True)},
    **{f"Split empty {behavior}": split({"Regex": r"b*"}, behavior) for behavior in BEHAVIORS},
    "Split empty String": split({"String": ""}, "Isolated"),
    **{f"Regex {regex}": split({"Regex": regex}, "Isolated") for regex in REGEXES},
    "Sequence": {"type": "Sequence", "pretokenizers": [split({"Regex": LLAMA3}, "Isolated"), {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
    "Sequence digits": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Isolated"}]},
    "Sequence metaspace": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}]},
    "Sequence prefix": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}]},
}

FLAGS = [
    {}, {"single_word": True}, {"lstrip": True}, {"rstrip": True}, {"lstrip": True, "rstrip": True, "single_word": True},
    {"normalized": True, "special": False}, {"normalized": True, "special": False, "single_word": True}, {"normalized": True, "lstrip": True},
]
BOTH = [("first", {"type": "Lowercase"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}),
        ("stripped", {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}),
        ("prepended", {"type": "Prepend", "prepend": "x"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}),
        ("bytes", {"type": "NFC"}, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True})]


def byte_cases():
    for name, normalizer in NORMALIZERS.items():
        yield f"normalizer {name}", file(byte_model(), normalizer=normalizer)
    for name, step in PRE_TOKENIZERS.items():
        yield f"pre_tokenizer {name}", file(byte_model(), pre_tokenizer=step)
    for flags in FLAGS:
        for name, normalizer, step in BOTH:
            # An added token that is normalized to nothing lets the Rust library run until its memory is full.
            blank = " b" if flags.get("normalized") else "  "
            added = [{"id": 257, "content": "<mask>", **ADDED, **flags}, {"id": 258, "content": blank, **ADDED, **flags},
                     {"id": 259, "content": "SPACES", **ADDED, **flags}]
            yield f"added {json.dumps(flags)} {name}", file(byte_model(), added, normalizer=normalizer, pre_tokenizer=step)


CORPUS = [text for text in TEXTS if text.strip()] * 4 + ["the cat sat on the mat and the dog ran", "모든 사람은 태어날 때부터 자유롭고 존엄과 권리에 있어 평등하다", "don't stop believing", "lower newer wider"] * 8


def trained(model, trainer, step):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = step
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def model_cases():
    space = {"type": "WhitespaceSplit"}
    quiet = {"show_progress": False}
    bpe = trained(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(vocab_size=220, special_tokens=["<unk>"], limit_alphabet=80, **quiet), pre_tokenizers.WhitespaceSplit())
    marked = trained(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"),
                     trainers.BpeTrainer(vocab_size=260, special_tokens=["<unk>"], limit_alphabet=80, continuing_subword_prefix="##", end_of_word_suffix="</w>", **quiet), pre_tokenizers.WhitespaceSplit())
    prefixed = trained(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"),
                       trainers.BpeTrainer(vocab_size=260, special_tokens=["<unk>"], limit_alphabet=80, continuing_subword_prefix="##", **quiet), pre_tokenizers.WhitespaceSplit())
    suffixed = trained(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
                       trainers.BpeTrainer(vocab_size=260, special_tokens=["<unk>"], limit_alphabet=80, end_of_word_suffix="</w>", **quiet), pre_tokenizers.WhitespaceSplit())
    for name, model in [("BPE", bpe), ("BPE marked", marked), ("BPE prefixed", prefixed), ("BPE suffixed", suffixed)]:
        for fuse in (False, True):
            for ignore in (False, True):
                yield f"{name} fuse {fuse} ignore_merges {ignore}", file({**model, "fuse_unk": fuse, "ignore_merges": ignore}, pre_tokenizer=space)
        yield f"{name} without unk_token", file({**model, "unk_token": None}, pre_tokenizer=space)
        yield f"{name} whole text", file(model)
    yield "BPE merges as texts", file({**bpe, "merges": [" ".join(pair) for pair in bpe["merges"]]}, pre_tokenizer=space)
    yield "BPE dropout 0", file({**bpe, "dropout": 0.0}, pre_tokenizer=space)
    yield "BPE without type", file({key: value for key, value in bpe.items() if key != "type"}, pre_tokenizer=space)
    yield "BPE unk_token not in vocab", file({**bpe, "unk_token": "?!"}, pre_tokenizer=space)
    bytes_ = {f"<0x{byte:02X}>": len(bpe["vocab"]) + byte for byte in range(256)}
    some = {piece: id for piece, id in bytes_.items() if id % 3}
    for fuse in (False, True):
        yield f"BPE byte_fallback fuse {fuse}", file({**bpe, "vocab": {**bpe["vocab"], **bytes_}, "byte_fallback": True, "fuse_unk": fuse}, pre_tokenizer=space)
        yield f"BPE some bytes fuse {fuse}", file({**bpe, "vocab": {**bpe["vocab"], **some}, "byte_fallback": True, "fuse_unk": fuse}, pre_tokenizer=space)
    bytelevel = trained(models.BPE(), trainers.BpeTrainer(vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **quiet), pre_tokenizers.ByteLevel(add_prefix_space=False))
    for prefix in (False, True):
        yield f"BPE ByteLevel prefix {prefix}", file({**bytelevel, "unk_token": "<none>"}, pre_tokenizer={"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": True}, decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
                   post_processor={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True})
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    spaced = trained(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(vocab_size=260, special_tokens=["<unk>"], limit_alphabet=90, **quiet), pre_tokenizers.Metaspace())
    spaced = {**spaced, "vocab": {**spaced["vocab"], **{f"<0x{byte:02X}>": len(spaced["vocab"]) + byte for byte in range(256)}}, "byte_fallback": True, "fuse_unk": True}
    size = len(spaced["vocab"])
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    prepend = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]}
    decoder = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    for number, flags in enumerate(FLAGS):
        added = [{"id": size, "content": "SPACES", **ADDED, **flags}, {"id": size + 1, "content": "mask", **ADDED, **flags}]
        assert "SPACES" not in spaced["vocab"] and "mask" not in spaced["vocab"]
        yield f"Gemma {number}", file(spaced, added, normalizer=replace, pre_tokenizer=split({"String": " "}, "MergedWithPrevious"), decoder=decoder)
        yield f"Llama 2 {number}", file(spaced, added, normalizer=prepend, decoder=decoder)
        yield f"Metaspace {number}", file(spaced, added, pre_tokenizer={**metaspace, "prepend_scheme": ["always", "first", "never"][number % 3], "split": number % 2 == 0}, decoder=metaspace)
    uni = trained(models.Unigram(), trainers.UnigramTrainer(vocab_size=200, special_tokens=["<unk>", "<s>"], unk_token="<unk>", **quiet), pre_tokenizers.Metaspace())
    uni = {key: value for key, value in uni.items() if key in ("type", "unk_id", "vocab", "byte_fallback")}
    yield "Unigram", file(uni, pre_tokenizer=metaspace, decoder=metaspace)
    yield "Unigram whole text", file(uni)
    yield "Unigram without type", file({key: value for key, value in uni.items() if key != "type"}, pre_tokenizer=metaspace)
    yield "Unigram no unk_id", file({**uni, "unk_id": None}, pre_tokenizer=metaspace)
    for share, name in ((1, "byte_fallback"), (3, "some bytes")):
        pieces = [*uni["vocab"], *([f"<0x{byte:02X}>", -20.0] for byte in range(0, 256) if byte % share == 0 or share == 1)]
        yield f"Unigram {name}", file({**uni, "vocab": pieces, "byte_fallback": True}, pre_tokenizer=metaspace)
    yield "Unigram unused bytes", file({**uni, "vocab": pieces, "byte_fallback": False}, pre_tokenizer=metaspace)
    wordpiece = trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=260, special_tokens=["[UNK]", "[CLS]"], limit_alphabet=90, **quiet), pre_tokenizers.BertPreTokenizer())
    bert = {"normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}, "pre_tokenizer": {"type": "BertPreTokenizer"}}
    decoder = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}}
    cls = [{"id": 1, "content": "[CLS]", **ADDED}]
    yield "WordPiece", file(wordpiece, cls, **bert, decoder=decoder, post_processor=template)
    yield "WordPiece max 4", file({**wordpiece, "max_input_chars_per_word": 4}, **bert)
    yield "WordPiece other prefix", file({**wordpiece, "continuing_subword_prefix": ""}, **bert)
    yield "WordPiece without unknown", file({**wordpiece, "unk_token": "[NONE]"}, **bert)
    wordlevel = trained(models.WordLevel(unk_token="[UNK]"), trainers.WordLevelTrainer(vocab_size=60, special_tokens=["[UNK]"], **quiet), pre_tokenizers.Whitespace())
    yield "WordLevel", file(wordlevel, pre_tokenizer={"type": "Whitespace"})
    yield "WordLevel without type", file({key: value for key, value in wordlevel.items() if key != "type"}, pre_tokenizer={"type": "Whitespace"})
    yield "WordLevel without unknown", file({**wordlevel, "unk_token": "[NONE]"}, pre_tokenizer={"type": "Whitespace"})
    yield "no type at all", file({"vocab": {"a": 0, "<unk>": 1}, "unk_token": "<unk>"}, pre_tokenizer={"type": "Whitespace"})


def random_texts(count):
    source = random.Random(5)
    parts = [*"aAbBsSkKiI1٣²½Ⅻ -_.,'!?~\n\r\t", "\u00a0", "\u3000", "\u200d", "\u0301", "\u0323", "\u0307", "é", "ß", "ſ", "ﬁ", "İ", "Σ", "ς", "한", "\u1112", "\u1161", "\u11ab", "글", "漢", "字", "か", "👍", "🏽", "👩", "🇰", "🇷", "<mask>", "SPACES", "spaces", "  ", "\r\n", "'s", "'LL", "▁", "ก", "ำ", "क", "्", "ष", "\u0345", "\u0344", "\u2126", "\ufb1d", "𝒳", "𐐀", "\u0e4d", "\u1ab0", "\u0f71", "\u0f74", "\u1d165", "\U0001d15e", "\u32ff", "\u0378"]
    return ["".join(source.choice(parts) for _ in range(source.randrange(1, 14))) for _ in range(count)]


def expected(tokenizer, text):
    try:
        return tokenizer.encode(text, add_special_tokens=False).ids
    except BaseException as error:  # pyo3 panics are no Exception
        return str(error)


def shown(ids):
    """The bytes as text, and "⟦257⟧" for other ids."""
    out, run = "", bytearray()
    for id in ids:
        if id < 256:
            run.append(id)
            continue
        out += run.decode("utf-8", "backslashreplace") + f"⟦{id}⟧"
        run.clear()
    return out + run.decode("utf-8", "backslashreplace")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FIXTURES / "features.json.gz")
    arguments = parser.parse_args()
    texts = TEXTS + random_texts(arguments.random)
    out = {"notice": "Made by tests/reference/tokenizer_features.py with Hugging Face tokenizers 0.23.2", "texts": texts, "bytes": {}, "models": {}}
    for name, json_file in byte_cases():
        case = {key: json_file[key] for key in ("normalizer", "pre_tokenizer", "added_tokens") if json_file[key]}
        try:
            tokenizer = Tokenizer.from_str(as_text(json_file))
        except BaseException as error:  # pyo3 panics are no Exception
            case["error"] = str(error)[:120]
        else:
            ids = [expected(tokenizer, text) for text in texts]
            case["expected"] = [shown(one) if isinstance(one, list) else {"error": one[:120]} for one in ids]
        out["bytes"][name] = case
    for name, json_file in model_cases():
        case = {"file": json_file}
        try:
            tokenizer = Tokenizer.from_str(as_text(json_file))
        except BaseException as error:
            case["error"] = str(error)[:120]
        else:
            ids = [expected(tokenizer, text) for text in texts]
            case["expected"] = [" ".join(map(str, one)) if isinstance(one, list) else {"error": one[:120]} for one in ids]
            if json_file["decoder"]:
                case["decoded"] = [tokenizer.decode(one, skip_special_tokens=False) for one in ids]
        out["models"][name] = case
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":"))
    arguments.out.write_bytes(gzip.compress(text.encode(), mtime=0))


main()
