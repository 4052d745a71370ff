import DOMPurify from 'dompurify';
import { Marked, Parser, type Token, type Tokens, type TokensList } from 'marked';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // HTML in an answer is shown as text.
    html: ({ text }) => escapeHtml(text),
    // Loading an image from another host would tell that host that this page was read.
    image: ({ text, href }) => escapeHtml(text || href),
  },
});

const purify = DOMPurify(window);
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

function sanitize(html: string): string {
  return purify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: [
      'style',
      'form',
      'input',
      'button',
      'textarea',
      'select',
      'img',
      'picture',
      'video',
      'audio',
      'source',
    ],
    FORBID_ATTR: ['style', 'class', 'id', 'name'],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  });
}

function renderToken(token: Token, links: TokensList['links']): string {
  const block: Token[] & { links?: TokensList['links'] } = [token];
  return sanitize(marked.parser(Object.assign(block, { links })));
}

const isShown = ({ type }: Token) => type !== 'space';

/** Safe HTML of a Markdown text, one string per block. */
export function renderBlocks(text: string): string[] {
  const tokens = marked.lexer(text);
  return tokens.filter(isShown).map((token) => renderToken(token, tokens.links));
}

/** A block of a growing text. */
export interface Block {
  /** Safe HTML: of the block, or of each item of a list. */
  parts: readonly string[];
  /** The element around the items of a list. */
  list: { tag: 'ul' | 'ol'; start: number | undefined } | undefined;
}

/** The HTML of a block, as `renderBlocks` gives it. */
export function htmlOf({ parts, list }: Block): string {
  if (!list) return parts.join('');
  const start = list.start === undefined ? '' : ` start="${list.start}"`;
  return `<${list.tag}${start}>\n${parts.join('')}</${list.tag}>\n`;
}

/**
 * Renders a growing text as `renderBlocks` does, but parses only what may still change: blocks that later text cannot
 * change are rendered once, and so are the items of a list that still grows. A text that does not continue the one before is
 * rendered from its beginning.
 */
export class GrowingMarkdown {
  /** Text of the finished blocks, including the blank lines between them. */
  #finishedText = '';
  #finished: readonly Block[] = [];
  /** Safe HTML of the list items of the last text, by their source. */
  #items: ReadonlyMap<string, string> = new Map();

  /** @returns the blocks; the strings of what did not change stay the same */
  render(text: string): readonly Block[] {
    const source = text.replace(/\r\n?/g, '\n');
    if (!source.startsWith(this.#finishedText)) {
      this.#finishedText = '';
      this.#finished = [];
    }
    const rest = source.slice(this.#finishedText.length);
    const tokens = marked.lexer(rest);
    // A link definition holds for the blocks before it too. It is never finished, so this stays so until the text ends.
    if (Object.keys(tokens.links).length > 0) {
      this.#items = new Map();
      return renderBlocks(this.#finished.length > 0 ? source : rest).map(whole);
    }
    const blocks = this.#blocksOf(tokens);
    const end = finishedTokens(tokens);
    const finishedRest = tokens
      .slice(0, end)
      .map(({ raw }) => raw)
      .join('');
    // marked changes `raw` in places. Then the position in the text is unknown, and nothing is taken for finished.
    if (!rest.startsWith(finishedRest)) return [...this.#finished, ...blocks];
    const shown = tokens.slice(0, end).filter(isShown).length;
    const before = this.#finished;
    this.#finishedText += finishedRest;
    this.#finished = [...before, ...blocks.slice(0, shown)];
    return [...before, ...blocks];
  }

  #blocksOf(tokens: TokensList): Block[] {
    // What an item means may then depend on text before it.
    const dependsOnText = tokens.some(({ raw }) => mayReachFurther.test(raw));
    const known = dependsOnText ? new Map<string, string>() : this.#items;
    const items = new Map<string, string>();
    const htmlOfItem = (item: Tokens.ListItem): string => {
      const key = `${item.loose} ${item.task} ${item.checked} ${item.raw}`;
      const html = known.get(key) ?? items.get(key) ?? sanitize(new Parser(marked.defaults).renderer.listitem(item));
      items.set(key, html);
      return html;
    };
    const blocks = tokens.filter(isShown).map((token) => {
      if (!isList(token)) return whole(renderToken(token, tokens.links));
      const { ordered, start } = token;
      const list = {
        tag: ordered ? 'ol' : 'ul',
        start: ordered && start !== '' && start !== 1 ? start : undefined,
      } as const;
      return { parts: token.items.map(htmlOfItem), list };
    });
    this.#items = items;
    return blocks;
  }
}

const isList = (token: Token): token is Tokens.List => token.type === 'list';

const whole = (html: string): Block => ({ parts: [html], list: undefined });

/**
 * Number of tokens at the beginning that later text cannot change. The last two blocks may still grow or join (a list goes
 * on after a blank line), and only a blank line surely ends the block before it.
 */
function finishedTokens(tokens: readonly Token[]): number {
  let open = 0;
  let end = tokens.length;
  while (end > 0 && open < 2) if (isShown(tokens[--end] ?? { type: 'space', raw: '' })) open++;
  const firstUnsure = tokens.findIndex(({ raw }) => mayReachFurther.test(raw));
  if (firstUnsure >= 0) end = Math.min(end, firstUnsure);
  while (end > 0 && !isBlankLine(tokens[end - 1])) end--;
  return end;
}

/**
 * Constructs that affect later blocks in marked: the label of a link definition (`[label` … `]: address`) may contain blank
 * lines, and after `<a …>` addresses are not links until `</a>`, even in later blocks.
 */
const mayReachFurther = /^ {0,3}\[[^\]]*$|<\/?a[\s>]/i;

function isBlankLine(token: Token | undefined): boolean {
  return token?.type === 'space' && token.raw.includes('\n\n');
}
