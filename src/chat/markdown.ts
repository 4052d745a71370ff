import DOMPurify from 'dompurify';
import { Marked, type Token, type TokensList } from 'marked';

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

/**
 * Renders a growing text as `renderBlocks` does, but parses only what may still change: blocks that later text cannot
 * change are rendered once. A text that does not continue the one before is rendered from its beginning.
 */
export class GrowingMarkdown {
  /** Text of the finished blocks, including the blank lines between them. */
  #finishedText = '';
  #finished: readonly string[] = [];

  /** @returns safe HTML, one string per block; the strings of finished blocks stay the same */
  render(text: string): readonly string[] {
    const source = text.replace(/\r\n?/g, '\n');
    if (!source.startsWith(this.#finishedText)) {
      this.#finishedText = '';
      this.#finished = [];
    }
    const rest = source.slice(this.#finishedText.length);
    const tokens = marked.lexer(rest);
    // A link definition holds for the blocks before it too. It is never finished, so this stays so until the text ends.
    if (Object.keys(tokens.links).length > 0) return this.#finished.length > 0 ? renderBlocks(source) : htmlOf(tokens);
    const blocks = htmlOf(tokens);
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
}

function htmlOf(tokens: TokensList): string[] {
  return tokens.filter(isShown).map((token) => renderToken(token, tokens.links));
}

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
