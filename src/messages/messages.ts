import type { ko } from './ko.ts';

export type Messages = typeof ko;
export type MessageKey = keyof Messages;

/** Names of the arguments in an ICU message without nesting: `{name}` or `{n, number}`. */
type Arguments<Text extends string> = Text extends `${string}{${infer Inside}}${infer Rest}`
  ? (Inside extends `${infer Name},${string}` ? Name : Inside) | Arguments<Rest>
  : never;

/** What `t(key, …)` takes after the key: nothing, or a value for every argument. */
export type Values<Key extends MessageKey> = [Arguments<Messages[Key]>] extends [never]
  ? []
  : [values: Record<Arguments<Messages[Key]>, string | number>];
