import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';
import type { RenderChat } from '#core/chat/prompt.ts';
import { FailureError } from '#core/failure.ts';
import { parseTemplateField } from '#core/chat/template-field.ts';
import { compile } from './bounded-template.ts';

export interface ChatTemplate {
  /** Jinja source. */
  source: string;
  /** Where it was found; 'built-in' is Gemma 3's own format. */
  from: 'chat_template.jinja' | 'chat_template.json' | 'tokenizer_config.json' | 'built-in';
}

/** The template files of a package, parsed where they are JSON; undefined where there is none. */
export interface TemplateFiles {
  jinja: string | undefined;
  json: unknown;
  tokenizerConfig: unknown;
}

/**
 * The package's template, looked for in Hugging Face's order; Gemma 3's template if there is none.
 * @throws FailureError file-broken for a file without a valid template
 */
export function findChatTemplate(files: TemplateFiles): ChatTemplate {
  if (files.jinja !== undefined) return { source: files.jinja, from: 'chat_template.jinja' };
  const fromJson = files.json === undefined ? undefined : parseTemplateField(files.json, 'chat_template.json');
  if (fromJson !== undefined) return { source: fromJson, from: 'chat_template.json' };
  const fromConfig = parseTemplateField(files.tokenizerConfig, 'tokenizer_config.json');
  if (fromConfig !== undefined) return { source: fromConfig, from: 'tokenizer_config.json' };
  return { source: GEMMA3_CHAT_TEMPLATE, from: 'built-in' };
}

/**
 * Compiles a template. `names` are the tokens' names from tokenizer_config.json, which templates may use (`bos_token`).
 * Throws FailureError 'file-broken' for a template with syntax errors; rendering throws 'unsupported-package' with what the
 * template says when it refuses the messages (Gemma 3's wants user and assistant to alternate), or when it does not end.
 */
export function compileChatTemplate(template: ChatTemplate, names: ReadonlyMap<string, string>): RenderChat {
  const attempt = <T>(code: 'file-broken' | 'unsupported-package', work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FailureError(code, { file: template.from, reason }, { cause: error });
    }
  };
  const compiled = attempt('file-broken', () => compile(template.source));
  const variables = { bos_token: '<bos>', eos_token: '<eos>', ...Object.fromEntries(names) };
  return (messages) =>
    attempt('unsupported-package', () => compiled({ ...variables, messages, add_generation_prompt: true }));
}
