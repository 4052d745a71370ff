/** Characters that are allowed in a new piece. */
import { PackError } from './pack-error.ts';

/** Unicode scripts of characters that many languages share: digits, punctuation, combining marks. */
const NEUTRAL: readonly string[] = ['Common', 'Inherited'];

export interface PieceShape {
  /** Number of characters, "▁" not counted. */
  length: number;
  /** True if it contains a character of a script that is not neutral. */
  own: boolean;
}

/** Characters that may stand in a new piece beside those of the scripts. */
export interface Beside {
  punctuation?: boolean;
  /** Each as it stands. */
  characters?: string;
}

export class Scripts {
  /** Per UTF-16 unit of the basic plane: 1 if a character of a requested, non-neutral script may begin with it. */
  readonly ownUnits = new Uint8Array(0x10000);
  private readonly own: RegExp;
  private readonly all: RegExp;

  /**
   * @param names values of Unicode's property Script: `Hangul`, `Han`, `Common`
   * @param beside what may also stand in a piece: `punctuation`, as in "다.", and single `characters`
   * @throws PackError for an unknown name, or if all scripts are neutral, since that would change text of every
   *   language
   */
  constructor(names: readonly string[], { punctuation = false, characters = '' }: Beside = {}) {
    const own = names.filter((name) => !NEUTRAL.includes(name));
    if (own.length === 0) throw new PackError('option', 'Name a script with letters, such as Hangul.');
    this.own = classOf(own);
    this.all = classOf(names, (punctuation ? '\\p{P}' : '') + escaped(characters));
    for (let unit = 0; unit < this.ownUnits.length; unit++) {
      const surrogate = unit >= 0xd800 && unit < 0xdc00;
      if (surrogate || this.own.test(String.fromCharCode(unit))) this.ownUnits[unit] = 1;
    }
  }

  /** Undefined if a character of the text other than "▁" belongs to another script. */
  shapeOf(text: string): PieceShape | undefined {
    const shape: PieceShape = { length: 0, own: false };
    for (const character of text) {
      if (character === '▁') continue;
      if (!this.all.test(character)) return undefined;
      shape.length++;
      shape.own ||= this.own.test(character);
    }
    return shape;
  }

  /** True if the text contains a character of a requested, non-neutral script. */
  occurIn(text: string): boolean {
    return this.own.test(text);
  }
}

function classOf(names: readonly string[], besides = ''): RegExp {
  const properties = names.map((name) => {
    if (!/^\w+$/.test(name)) throw unknown(name);
    return `\\p{Script=${name}}`;
  });
  try {
    return new RegExp(`[${properties.join('')}${besides}]`, 'u');
  } catch {
    throw unknown(names.join(', '));
  }
}

/** Each character as a member of a class of a regular expression with the flag `u`. */
function escaped(characters: string): string {
  return Array.from(characters, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`).join('');
}

function unknown(name: string): PackError {
  return new PackError(
    'option',
    `Unicode knows no script "${name}"; the names are those of its property Script, such as Hangul, Han or Latin.`,
  );
}
