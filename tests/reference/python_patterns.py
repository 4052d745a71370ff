"""What Python's `re` says of patterns as adapter_config.json has them: writes tests/fixtures/adapters/python-patterns.json.

    python3 tests/reference/python_patterns.py > tests/fixtures/adapters/python-patterns.json

Python 3.11 or later (global flags within a pattern are an error from 3.11 on). Of each pattern and name: `re.fullmatch`, as
PEFT reads target_modules, and `re.match(rf"(.*\\.)?({key})$", name)`, as it reads the keys of rank_pattern.
"""

import json
import random
import re
import sys
import warnings

warnings.simplefilter("ignore")

NAMES = [
    "model.language_model.layers.0.self_attn.q_proj",
    "model.language_model.layers.1.self_attn.q_proj",
    "model.language_model.layers.10.self_attn.o_proj",
    "language_model.model.layers.1.mlp.up_proj",
    "model.layers.33.mlp.down_proj",
    "model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj",
    "q_proj",
    "layers.1.mlp.up-_proj",
    "Model.Layers.0.Self_Attn.Q_PROJ",
    "a",
    "aaaa",
    "aaaab",
    "aaaa!",
    "ab.ab.c",
    "x{2}",
    "a\nb",
    "a\n",
    "",
    "층.0.q_proj",
    "e\u0301",
    "\u0663\u2164",
    "[a]-^",
    "\x1c\x85\u3000",
]

PATTERNS = [
    r".*language_model.*(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)",
    r".*\.language_model\.layers\.\d+\.\w+\.(q_proj|v_proj|o_proj)",
    r"layers\.0\.self\_attn\.q\_proj",
    r"layers\.1\.mlp\.up\-?_proj",
    r"(?P<layer>layers\.0)\.self\_attn\.q_proj",
    r"(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?(?:k_proj|v_proj|q_proj|up_proj).*?)"
    r"|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:(?:q_proj|down_proj)))",
    r"^(?!.*(?:vision|projector)).*\.(?:q_proj|o_proj|up_proj|down_proj)$",
    r".*(?<!vision_model\.encoder)\.layers\.\d+\.self_attn\.q_proj",
    r".*(?<=self_attn\.)[qo]_proj",
    r"model\.layers\.(\d|[12]\d|3[0-3])\..*",
    r"layers.0.self_attn.q_proj",
    r"q_proj",
    r"a{2}",
    r"a{4}",
    r"a{,4}",
    r"a{,}",
    r"a{2,}b",
    r"a{3,5}",
    r"(?:a{0,2}){2}",
    r"x{2}",
    r"x\{2\}",
    r"x{",
    r"x{a}",
    r"x{}",
    r"{2}",
    r"a{3,2}",
    r"a**",
    r"a{2}{2}",
    r"(?:a{2}){2}",
    r"*a",
    r"^*",
    r"a|",
    r"|",
    r"",
    r"()",
    r"()*a",
    r"(",
    r"a)",
    r"a)|(b",
    r"[",
    r"[]",
    r"[]a]",
    r"[^]a]",
    r"[[a\]^-]+",
    r"[a-]",
    r"[z-a]",
    r"[\d-z]",
    r"[\w.]+",
    r"[\W]",
    r"[\b]",
    r"\q",
    r"\_",
    r"\.",
    r"\Aq_proj\Z",
    r"\z",
    "\\",
    r"\x61{4}\x62",
    r"\x6",
    r"\u0061+",
    r"\U00000061+",
    r"\141",
    r"\0",
    r"\400",
    r"[\1a]",
    r"[\8]",
    r"a\n?",
    r"a.b",
    r"(?s)a.b",
    r"(?s:a.)b",
    r"(?m)a$\nb",
    r"a$",
    r"a$\n",
    r"a\Z\n",
    r"(?m)^a$.^b$",
    r"(?ms)^a$.^b$",
    r"\D+",
    r"\d+",
    r"(?a)\d+",
    r"\w+",
    r"(?a:\w+).*",
    r".\w",
    r"\s+",
    r"(?a)\s+",
    r"\S+",
    r"\b",
    r"\B",
    r"\b\w+\b.*",
    r".*\Bproj",
    r".*\bproj",
    r"(?i)model\.layers\.0\.self_attn\.q_proj",
    r"(?i:MODEL)\..*",
    r"(?i:[m-q]odel)\..*",
    r"(?i:[^m]odel)\..*",
    r"(?-i:Model)\..*",
    r"(?i)(?-i:Model)\.LAYERS.*",
    r"a(?i)b",
    r"(?i)(?s)A.B",
    r"(?i-i:a)",
    r"(?-:a)",
    r"(?:a)(?#note)*",
    r"(?#note",
    r"(?P<n>a)(?P<n>a)",
    r"(?P<1>a)",
    r"(?<n>a)",
    r"(?P<n>a",
    r"(?Q:a)",
    r"(?L)a",
    r"(?au)a",
    r"(?=a).+",
    r"(?!a).+",
    r"(?!)",
    r"(?=a)*a+",
    r"(?<=a+)b",
    r"(?<=a|b)b",
    r"(?<=ab|b)b",
    r".*(?<=aa)b",
    r"a+?",
    r"a??a",
    r"a+?b",
    r".{46}",
    r"(?:ab\.)+c",
    r"(?:(?:ab|a|b)\.?)*c",
    r"층\..*",
    r"[가-힣]\.0\..*",
    r".*\.(?:layers\.(?:[0-9]|1[0-9]))\.(?:self_attn|mlp)\.(?:q|k|v|o|up|down)_proj",
]

# Python takes exponential time for these: they meet short names only.
RUNAWAY = [
    r"(([a-z0-9_.])+)+!",
    r"(a+)+",
    r"(a+)+b",
    r"(a|aa)+b",
    r"(a|a)*!",
    r"(a*)*",
    r"(a*)*b",
    r"((a*)*)*!",
    r"(.*)*(.*)*c",
    r"(?:(?:a?){9}){9}b",
    r"(?=(a+)+!)a+!",
]
SHORT_NAMES = ["", "a", "aaaa", "aaaab", "aaaa!", "ab.ab.c", "a_0.b!", "!", "c"]


def random_pattern(rng, depth=0):
    """Patterns over "a", "b" and "." that use groups, repetitions, sets, assertions and looks."""
    kind = rng.randrange(10 if depth < 4 else 4)
    if kind < 4:
        return rng.choice(["a", "b", r"\.", ".", "[ab]", "[^a]", r"\w", r"\b", "c", "a+"])
    one = random_pattern(rng, depth + 1)
    if kind == 4:
        return f"(?:{one}){rng.choice(['*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?'])}"
    if kind == 5:
        return f"({one}|{random_pattern(rng, depth + 1)})"
    if kind == 6 and rng.random() < 0.5:
        return f"(?{rng.choice(['=', '!'])}{one})"
    if kind == 7 and rng.random() < 0.5:
        return rf"(?<{rng.choice(['=', '!'])}{rng.choice(['a', 'b', 'ab', '(?:a|b)', '[.a]'])})"
    return one + random_pattern(rng, depth + 1)


def matches(pattern, names):
    """Indices of the names that match, for both ways; None where Python refuses the pattern."""

    def found(source, match):
        try:
            expression = re.compile(source)
        except re.error:
            return None
        return [index for index, name in enumerate(names) if match(expression, name)]

    return {
        "pattern": pattern,
        "fullmatch": found(pattern, lambda expression, name: expression.fullmatch(name)),
        "key": found(rf"(.*\.)?({pattern})$", lambda expression, name: expression.match(name)),
    }


def main():
    assert sys.version_info >= (3, 11), "global flags within a pattern are read otherwise before Python 3.11"
    rng = random.Random(20261129)
    short = sorted({"".join(rng.choice("ab.") for _ in range(rng.randrange(7))) for _ in range(30)})
    cases = {
        "names": NAMES,
        "cases": [matches(pattern, NAMES) for pattern in PATTERNS],
        "shortNames": SHORT_NAMES,
        "runawayCases": [matches(pattern, SHORT_NAMES) for pattern in RUNAWAY],
        "randomNames": short,
        "randomCases": [matches(random_pattern(rng), short) for _ in range(400)],
    }
    lines = []
    for key, value in cases.items():
        if key.endswith("ases"):
            value = "[\n  " + ",\n  ".join(json.dumps(case) for case in value) + "\n ]"
        else:
            value = json.dumps(value)
        lines.append(f' "{key}": {value}')
    print("{\n" + ",\n".join(lines) + "\n}")


main()
