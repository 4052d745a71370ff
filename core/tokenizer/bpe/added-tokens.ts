/** A token that is matched in the text before BPE; fields as in tokenizer.json. */
export interface AddedToken {
  id: number;
  content: string;
  /** Matched in the normalized text, after the tokens that are not `normalized`. */
  normalized: boolean;
  special: boolean;
  /** Includes the white space before it. */
  lstrip: boolean;
  rstrip: boolean;
  /** Matches only without a word character before or after it. */
  singleWord: boolean;
}

/**
 * `id` at `start`…`end`, including stripped white space. As in Hugging Face tokenizers, a token of white space also matches
 * within the white space that the previous token included, so matches may overlap.
 */
export interface AddedMatch {
  id: number;
  start: number;
  end: number;
}

interface Node {
  next: Map<number, Node> | undefined;
  token: AddedToken | undefined;
}

/** Finds tokens in a text: leftmost first, and the longest of those that begin at the same position. */
export class AddedTokenFinder {
  private readonly root: Node = { next: undefined, token: undefined };
  /** 1 if a token begins with this UTF-16 unit. */
  private readonly first = new Uint8Array(0x10000);
  private readonly empty: boolean;

  /** If two patterns are equal, the earlier one applies. */
  constructor(patterns: Iterable<readonly [pattern: string, token: AddedToken]>) {
    for (const [pattern, token] of patterns) {
      if (pattern === '') continue;
      this.first[pattern.charCodeAt(0)] = 1;
      let node = this.root;
      for (let at = 0; at < pattern.length; at++) {
        node.next ??= new Map();
        const unit = pattern.charCodeAt(at);
        let child = node.next.get(unit);
        if (!child) node.next.set(unit, (child = { next: undefined, token: undefined }));
        node = child;
      }
      node.token ??= token;
    }
    this.empty = this.root.next === undefined;
  }

  /** Same result as `find_matches` of Hugging Face's `AddedVocabulary`, with the same order of checks. */
  find(text: string): AddedMatch[] {
    const matches: AddedMatch[] = [];
    if (this.empty) return matches;
    let taken = 0;
    for (let at = 0; at < text.length;) {
      const token = this.first[text.charCodeAt(at)] === 1 ? this.longestAt(text, at) : undefined;
      if (!token) {
        at++;
        continue;
      }
      let start = at;
      let end = at + token.length;
      at = end;
      const { singleWord, lstrip, rstrip, id } = token.token;
      if (
        singleWord &&
        (WORD_END.test(text.slice(Math.max(0, start - 2), start)) || WORD_START.test(text.slice(end, end + 2)))
      ) {
        continue;
      }
      if (lstrip) {
        while (start > taken && SPACE.test(text.charAt(start - 1))) start--;
        start = Math.max(start, taken);
      }
      if (rstrip) {
        while (end < text.length && SPACE.test(text.charAt(end))) end++;
      }
      if (start >= end) continue;
      matches.push({ id, start, end });
      taken = end;
    }
    return matches;
  }

  /** Length of the longest token at `at`, ignoring `singleWord`; 0 if there is none. */
  lengthAt(text: string, at: number): number {
    return this.first[text.charCodeAt(at)] === 1 ? (this.longestAt(text, at)?.length ?? 0) : 0;
  }

  private longestAt(text: string, start: number): { token: AddedToken; length: number } | undefined {
    let found: { token: AddedToken; length: number } | undefined;
    let node: Node | undefined = this.root;
    for (let at = start; node && at < text.length; at++) {
      node = node.next?.get(text.charCodeAt(at));
      if (node?.token) found = { token: node.token, length: at + 1 - start };
    }
    return found;
  }
}

// Rust's `\w` and `\s`, which follow Unicode, unlike JavaScript's.
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const WORD_START = new RegExp(`^${WORD}`, 'u');
const WORD_END = new RegExp(`${WORD}$`, 'u');
const SPACE = /^\p{White_Space}$/u;
