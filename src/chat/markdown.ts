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
    // What a model writes as HTML is shown as what it wrote.
    html: ({ text }) => escapeHtml(text),
    // No pictures from elsewhere: the address would tell somebody that this page was read.
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

/**
 * Safe HTML of a Markdown text, one string per block, so that while an answer streams only the last block changes.
 */
export function renderBlocks(text: string): string[] {
  const tokens: TokensList = marked.lexer(text);
  return tokens
    .filter((token) => token.type !== 'space')
    .map((token) => {
      const block: Token[] & { links?: TokensList['links'] } = [token];
      return sanitize(marked.parser(Object.assign(block, { links: tokens.links })));
    });
}
