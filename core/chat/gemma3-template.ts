/**
 * Gemma 3's prompt format as a Jinja chat template, for packages without one. System text opens the first user turn,
 * followed by a blank line; `assistant` is called `model`; every part is trimmed; each image is `<start_of_image>`.
 * Source of the format: https://ai.google.dev/gemma/docs/core/prompt-structure and the template published with Gemma 3.
 */
export const GEMMA3_CHAT_TEMPLATE = [
  `{{- bos_token -}}`,
  `{%- set turns = messages -%}`,
  `{%- set system = '' -%}`,
  `{%- if messages[0]['role'] == 'system' -%}`,
  `{%- set turns = messages[1:] -%}`,
  `{%- if messages[0]['content'] is string -%}`,
  `{%- set system = messages[0]['content'] + '\n\n' -%}`,
  `{%- else -%}`,
  `{%- set system = messages[0]['content'][0]['text'] + '\n\n' -%}`,
  `{%- endif -%}`,
  `{%- endif -%}`,
  `{%- for turn in turns -%}`,
  `{%- if turn['role'] != ('user' if loop.index0 % 2 == 0 else 'assistant') -%}`,
  `{{- raise_exception('roles must alternate, starting with user: user, assistant, user, …') -}}`,
  `{%- endif -%}`,
  `{{- '<start_of_turn>' + ('model' if turn['role'] == 'assistant' else 'user') + '\n' -}}`,
  `{{- system if loop.first else '' -}}`,
  `{%- if turn['content'] is string -%}`,
  `{{- turn['content'] | trim -}}`,
  `{%- else -%}`,
  `{%- for part in turn['content'] -%}`,
  `{{- '<start_of_image>' if part['type'] == 'image' else part['text'] | trim -}}`,
  `{%- endfor -%}`,
  `{%- endif -%}`,
  `{{- '<end_of_turn>\n' -}}`,
  `{%- endfor -%}`,
  `{{- '<start_of_turn>model\n' if add_generation_prompt else '' -}}`,
].join('');
