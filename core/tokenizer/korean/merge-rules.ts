/** Rules for which pieces may be merged, and ids of the new pieces. */
import type { PieceShape, Scripts } from './scripts.ts';
import type { Tokenizer } from '../tokenizer.ts';

export interface MergeLimits {
  /** Maximum characters of a piece, "▁" not counted. */
  longest: number;
  /** Pieces may span several words (SuperBPE, arXiv 2503.13423). */
  superwords: boolean;
  /** Characters that may stand at the end of a piece alone. */
  endings: string;
}

export class MergeRules {
  private readonly shapes = new Map<number, PieceShape | undefined>();
  private readonly made: string[] = [];
  private readonly ids = new Map<string, number>();

  /** @param base new pieces get ids from `base.size` on */
  constructor(
    private readonly base: Tokenizer,
    private readonly scripts: Scripts,
    private readonly limits: MergeLimits,
  ) {}

  textOf(id: number): string {
    return (id < this.base.size ? this.base.pieceOf(id) : this.made[id - this.base.size]) ?? '';
  }

  /** True if the token may be part of a merge. */
  mergeable(id: number): boolean {
    return this.shapeOf(id) !== undefined;
  }

  mayMerge(left: number, right: number): boolean {
    const [before, behind] = [this.shapeOf(left), this.shapeOf(right)];
    if (!before || !behind) return false;
    if (before.length + behind.length > this.limits.longest || !(before.own || behind.own)) return false;
    const text = this.textOf(right);
    if (!this.endsRightly(this.textOf(left) + text)) return false;
    // A piece with several words must not end in "▁", since the next word may be missing.
    const words = this.limits.superwords && before.length > 0 && behind.length > 0;
    if (text.startsWith('▁') && !words) return false;
    return this.isNew(this.textOf(left) + text);
  }

  /** True if the piece is within the limits, regardless of the merges that form it. */
  mayBecome(piece: string): boolean {
    const shape = this.scripts.shapeOf(piece);
    if (!shape?.own || shape.length > this.limits.longest || !this.isNew(piece) || !this.endsRightly(piece))
      return false;
    return this.limits.superwords ? !/▁▁|▁$/.test(piece) : piece.lastIndexOf('▁') < 1;
  }

  idOf(text: string): number | undefined {
    return this.ids.get(text) ?? this.base.idOf(text);
  }

  /** False if the piece already exists: a second merge would not create a new token. */
  isNew(text: string): boolean {
    return !this.ids.has(text) && this.base.idOf(text) === undefined;
  }

  /** Adds a new piece and returns its id. */
  make(text: string): number {
    const id = this.base.size + this.made.length;
    this.made.push(text);
    this.ids.set(text, id);
    return id;
  }

  /** True if an ending stands nowhere but at the end. */
  private endsRightly(piece: string): boolean {
    return Array.from(piece)
      .slice(0, -1)
      .every((character) => !this.limits.endings.includes(character));
  }

  private shapeOf(id: number): PieceShape | undefined {
    const known = this.shapes.get(id);
    if (known || this.shapes.has(id)) return known;
    const text = this.textOf(id);
    // Runs of spaces are indentation, not the beginning of a word.
    const joins = (id >= this.base.size || this.base.kindOf(id) === 'piece') && text !== '' && !text.includes('▁▁');
    const shape = joins ? this.scripts.shapeOf(text) : undefined;
    this.shapes.set(id, shape);
    return shape;
  }
}
