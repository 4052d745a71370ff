/** A visitor's rows as files: read from JSON Lines and from what spreadsheets write, and written as docs/training-data.md has them. */
import type { BlobLike } from '../../bytes.ts';
import { greyscalePng } from '../../image/png.ts';
import { drawPhantom } from '../../phantoms/draw.ts';
import { SIDE } from '../../phantoms/phantom.ts';
import { renderPhantom } from '../../phantoms/render.ts';
import { delimiterOf, readRows, widthOf, type Row } from '../../text/delimited.ts';
import type { TextEncoding } from '../../text/encoding.ts';
import { textOfFile } from '../../text/text-file.ts';
import { DataFileError, readExample, type LineProblem } from './data-file.ts';
import type { TrainingImage, WishedAnswer } from './wished-answer.ts';

/** A row of a file, whose image is still a name. Cells may be empty: `checkRows` tells. */
export interface FileRow {
  /** Line of JSON Lines, or row of the table, from 1 on. */
  row: number;
  question: string;
  answer: string;
  /** Undefined: none. */
  image: string | undefined;
}

export type FileProblem =
  | ({ row: number } & LineProblem)
  /** A row of images.npy, which `npm run lora` reads and the page does not: name image files. */
  | { code: 'numpy-row'; row: number; value: number }
  /** Neither JSON Lines nor a table: write a row a line with the columns question and answer. */
  | { code: 'no-table' }
  /** More than two columns, and no first row that names `question` and `answer`. */
  | { code: 'no-header'; columns: number };

export interface ReadRows {
  rows: FileRow[];
  problems: FileProblem[];
  /** An encoding that was guessed, which is told; undefined: UTF-8, or named by the file. */
  guessed: TextEncoding | undefined;
}

/** @throws FailureError `other-file`, `unknown-encoding` */
export function readRowsFile(bytes: Uint8Array, file: string): ReadRows {
  const { text, encoding, guessed } = textOfFile(bytes, file);
  const { rows, problems } = /^\s*[{[]/u.test(text) ? jsonRows(text, file) : tableRows(text);
  return { rows, problems, guessed: guessed ? encoding : undefined };
}

type Rows = Pick<ReadRows, 'rows' | 'problems'>;

function jsonRows(text: string, file: string): Rows {
  const rows: FileRow[] = [];
  const problems: FileProblem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const row = index + 1;
    try {
      const { question, answer, image } = readExample(line, row, file);
      if (typeof image === 'number') problems.push({ code: 'numpy-row', row, value: image });
      else rows.push({ row, question, answer, image });
    } catch (cause) {
      if (!(cause instanceof DataFileError) || !cause.problem) throw cause;
      problems.push({ row, ...cause.problem });
    }
  }
  return { rows, problems };
}

/** Names of columns, in lower case. */
const COLUMNS: Readonly<Record<'question' | 'answer' | 'image', readonly string[]>> = {
  question: ['question', '질문', '문제', '물음'],
  answer: ['answer', '답', '답변', '대답', '정답', '바라는 답'],
  image: ['image', '영상', '이미지', '그림', '사진'],
};

type Columns = Record<keyof typeof COLUMNS, number>;

/** −1: there is no such column. */
function columnsOf({ cells }: Row): Columns {
  const names = cells.map((cell) => cell.normalize('NFC').trim().toLowerCase());
  const at = (column: keyof Columns) => names.findIndex((name) => COLUMNS[column].includes(name));
  return { question: at('question'), answer: at('answer'), image: at('image') };
}

function tableRows(text: string): Rows {
  // A first row that names the columns tells the delimiter, however uneven the rows below it are.
  for (const delimiter of ['\t', ',', ';'] as const) {
    const [header, ...table] = readRows(text, delimiter);
    const columns = header && columnsOf(header);
    if (columns && columns.question >= 0 && columns.answer >= 0)
      return { rows: fileRows(table, columns), problems: [] };
  }
  const delimiter = delimiterOf(text);
  const table = delimiter === undefined ? [] : readRows(text, delimiter);
  const width = widthOf(table);
  if (width < 2) return { rows: [], problems: [{ code: 'no-table' }] };
  if (width > 2) return { rows: [], problems: [{ code: 'no-header', columns: width }] };
  return { rows: fileRows(table, { question: 0, answer: 1, image: -1 }), problems: [] };
}

function fileRows(table: readonly Row[], { question, answer, image }: Columns): FileRow[] {
  return table.map(({ number, cells }) => {
    const name = cells[image]?.trim() ?? '';
    return {
      row: number,
      question: cells[question] ?? '',
      answer: cells[answer] ?? '',
      image: name === '' ? undefined : name,
    };
  });
}

export interface RowsWithImages {
  rows: WishedAnswer[];
  /** No file of this name was given: give it with the table. The row is left out. */
  missing: { row: number; name: string }[];
}

const PHANTOM_FILE = /^phantom-(\d{1,16})\.png$/u;

/**
 * @param files given with the table, by name. A path in the table is found by its last part too, as a browser gives files without folders. A phantom
 * that `rowsFiles` wrote is drawn anew where its file is not given
 */
export function withImages(rows: readonly FileRow[], files: ReadonlyMap<string, BlobLike>): RowsWithImages {
  const byName = new Map([...files].map(([name, blob]) => [name.normalize('NFC'), blob]));
  const missing: RowsWithImages['missing'] = [];
  const found = rows.flatMap(({ row, question, answer, image }): WishedAnswer[] => {
    if (image === undefined) return [{ question, answer, image }];
    const name = image.normalize('NFC');
    const last = lastPart(name);
    const blob = byName.get(name) ?? byName.get(last);
    const opened = blob ? ({ type: 'file', name: last, blob } as const) : phantomOf(last);
    if (opened) return [{ question, answer, image: opened }];
    missing.push({ row, name: image });
    return [];
  });
  return { rows: found, missing };
}

const lastPart = (path: string) => path.split(/[/\\]/u).at(-1) ?? path;

function phantomOf(name: string): TrainingImage | undefined {
  const seed = Number(PHANTOM_FILE.exec(name)?.[1]);
  return Number.isSafeInteger(seed) && seed <= 2 ** 52 ? { type: 'phantom', seed } : undefined;
}

export interface NamedFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export const ROWS_FILE = 'rows.jsonl';

/** `rows.jsonl` and the images beside it, each once: what `npm run lora` and `python -m teaching.lora` read. */
export async function rowsFiles(rows: readonly WishedAnswer[]): Promise<NamedFile[]> {
  const images = new Map<string, NamedFile>();
  const names = new Map<BlobLike, string>();
  const nameOf = async (image: TrainingImage): Promise<string> => {
    if (image.type === 'phantom') {
      const name = `phantom-${image.seed}.png`;
      const bytes = greyscalePng(renderPhantom(drawPhantom(image.seed)), SIDE, SIDE);
      images.set(name, { name, bytes });
      return name;
    }
    const before = names.get(image.blob);
    if (before !== undefined) return before;
    const name = freeName(safeName(image.name), images);
    images.set(name.toLowerCase(), { name, bytes: new Uint8Array(await image.blob.arrayBuffer()) });
    names.set(image.blob, name);
    return name;
  };
  // Names of phantoms are taken first, so that no file gets one.
  for (const { image } of rows) if (image?.type === 'phantom') await nameOf(image);
  const lines: string[] = [];
  for (const { question, answer, image } of rows)
    lines.push(`${JSON.stringify({ question, answer, image: image ? await nameOf(image) : null })}\n`);
  return [{ name: ROWS_FILE, bytes: new TextEncoder().encode(lines.join('')) }, ...images.values()];
}

/** Without folders and letters that file systems refuse. */
function safeName(name: string): string {
  const last = lastPart(name.normalize('NFC'))
    .replace(/[\p{Cc}\p{Cf}\p{Surrogate}<>:"|?*]/gu, '_')
    .replace(/^\.+|[. ]+$/gu, '');
  return last === '' || last.toLowerCase() === ROWS_FILE ? `image-${last}` : last.slice(-100);
}

/** Names are compared as file systems do that ignore case. */
function freeName(name: string, taken: ReadonlyMap<string, NamedFile>): string {
  const dot = name.lastIndexOf('.');
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let copy = 1; ; copy++) {
    const tried = copy === 1 ? name : `${stem}-${copy}${end}`;
    if (!taken.has(tried.toLowerCase())) return tried;
  }
}
