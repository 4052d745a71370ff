/** A token that is looked for in the text before BPE; fields as in tokenizer.json. */
export interface AddedToken {
  id: number;
  content: string;
  /** Looked for in the normalized text, after those that are not. */
  normalized: boolean;
  special: boolean;
  /** Takes the white space before it along. */
  lstrip: boolean;
  rstrip: boolean;
  /** Only where no word character stands before or behind it. */
  singleWord: boolean;
}

/**
 * `id` at `start`…`end`, white space included where the token takes it. As in Hugging Face tokenizers, a token that is
 * white space itself is found again although the one before has taken it: such matches overlap.
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

/** Finds tokens in a text: leftmost first, of those that begin at one place the longest. */
export class AddedTokenFinder {
  private readonly root: Node = { next: undefined, token: undefined };
  /** 1 where a token begins with this UTF-16 unit. */
  private readonly first = new Uint8Array(0x10000);
  private readonly empty: boolean;

  /** Of two patterns that are the same the earlier counts. */
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

  /** As `find_matches` of Hugging Face's `AddedVocabulary`, its order of checks included. */
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

  /** Length of the longest token that begins at `at`, whatever stands around it; 0 for none. */
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

// Rust's `\w` and `\s`: Unicode's definitions, which JavaScript's own `\w` and `\s` are not.
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const WORD_START = new RegExp(`^${WORD}`, 'u');
const WORD_END = new RegExp(`${WORD}$`, 'u');
const SPACE = /^\p{White_Space}$/u;
