"""Answers and what lm-evaluation-harness makes of them, for tests/unit/exam/answer-letter.test.ts.

    python tests/reference/exam_filter.py > tests/fixtures/exam/filter.json

The four expressions are those of lm_eval/tasks/kormedmcqa/utils.py, run by Python itself: its \\b and \\s differ from JavaScript's.
"""

import itertools
import json
import random
import re

PATTERNS = [
    re.compile(source, re.IGNORECASE)
    for source in (r"정답[:\s]*([ABCDE])", r"정답은\s*([ABCDE])\s*입니다", r"\b([ABCDE])\.", r"\b([ABCDE])\b")
]
UNTIL = ["Q:", "</s>", "<|im_end|>", ".", "\n\n"]


def letter_in(text: str) -> str:
    for pattern in PATTERNS:
        found = pattern.findall(text)
        if found:
            return found[-1].upper()
    return ""


def cut(text: str) -> str:
    for stop in UNTIL:
        text = text.split(stop)[0]
    return text


def main() -> None:
    pieces = ["정답", "은", ":", "：", " ", "\n", "\n\n", "A", "b", "E", "F", ".", "입니다", "가", "_", "1", "é", "\u0301", "漢", "Ⅳ", "-", "(", ")",
              "\ufeff", "\u3000", "\x1c", "\x85", "\u200b", "Q:", "</s>", "²", "😀", "ก็", "답은", "Answer"]
    draw = random.Random(16)
    texts = [""] + [a + b for a, b in itertools.product("AbE", ["", "입니다", ".", "：", "\u0301", "_", "1", "\ufeff", "²", "Ⅳ", "é"])]
    texts += ["".join(draw.choices(pieces, k=draw.randint(2, 9))) for _ in range(400)]
    print(json.dumps([{"text": text, "cut": cut(text), "letter": letter_in(text)} for text in texts], ensure_ascii=True))


main()
