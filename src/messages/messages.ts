import type { ko as adapter } from './adapter/ko.ts';
import type { ko as bench } from './bench/ko.ts';
import type { ko as chat } from './chat/ko.ts';
import type { ko as exam } from './exam/ko.ts';
import type { ko as fit } from './fit/ko.ts';
import type { ko as image } from './image/ko.ts';
import type { ko as ledger } from './ledger/ko.ts';
import type { ko as lora } from './lora/ko.ts';
import type { ko as make } from './make/ko.ts';
import type { ko as plan } from './plan/ko.ts';
import type { ko as quant } from './quant/ko.ts';
import type { ko as shell } from './shell/ko.ts';
import type { ko as tokenizer } from './tokenizer/ko.ts';
import type { ko as train } from './train/ko.ts';

export type Locale = 'ko' | 'en';

/** `shell` holds what is always on the page or what several labs say; each lab has a catalog of its own; `adapter` is of the labs that look
 * into one; `fit`, `make` and `ledger` are of dialogs. */
export type CatalogName =
  | 'shell'
  | 'chat'
  | 'image'
  | 'tokenizer'
  | 'lora'
  | 'train'
  | 'quant'
  | 'exam'
  | 'bench'
  | 'plan'
  | 'adapter'
  | 'fit'
  | 'make'
  | 'ledger';

export type Messages = typeof shell &
  typeof chat &
  typeof image &
  typeof tokenizer &
  typeof lora &
  typeof train &
  typeof quant &
  typeof exam &
  typeof bench &
  typeof plan &
  typeof adapter &
  typeof make &
  typeof fit &
  typeof ledger;
export type MessageKey = keyof Messages;

/** Messages by key. A value in braces is an ICU argument; both languages use the same ones. */
export type Catalog = Readonly<Partial<Record<MessageKey, string>>>;

/** Names of the arguments in an ICU message without nesting: `{name}` or `{n, number}`. */
type Arguments<Text extends string> = Text extends `${string}{${infer Inside}}${infer Rest}`
  ? (Inside extends `${infer Name},${string}` ? Name : Inside) | Arguments<Rest>
  : never;

/** What `t(key, …)` takes after the key: nothing, or a value for every argument. */
export type Values<Key extends MessageKey> = [Arguments<Messages[Key]>] extends [never]
  ? []
  : [values: Record<Arguments<Messages[Key]>, string | number>];
