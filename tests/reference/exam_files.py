"""A made-up file with the columns of KorMedMCQA, as the hub's parquet files are, for tests/unit/exam/command.test.ts. Needs pyarrow.

    python tests/reference/exam_files.py tests/fixtures/exam
"""

import csv
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet

FOLDER = Path(sys.argv[1])
ROWS = [
    {
        "subject": "doctor",
        "year": 2012 + number,
        "period": 1,
        "q_number": number + 1,
        "question": f'{number + 2} 더하기 1은?\n"따옴표"와 쉼표, 줄바꿈이 있다',
        **{letter: str(number + 1 + at) for at, letter in enumerate("ABCDE")},
        "answer": 3,
        "cot": "",
    }
    for number in range(20)
]

pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), FOLDER / "doctor-test.parquet", compression="snappy")
with open(FOLDER / "doctor-test.csv", "w", encoding="utf-8", newline="") as file:
    writer = csv.DictWriter(file, ROWS[0])
    writer.writeheader()
    writer.writerows(ROWS)
