/** Between the conversation on the page and the record that is kept of it. */
import type { Kept } from './keeper.svelte.ts';
import { Answer, Exchange } from './conversation.svelte.ts';
import type { Attachment } from './attachments.svelte.ts';
import { phantomNumbered } from './phantoms.ts';
import { SAVED_VERSION, type SavedAnswer, type SavedImage } from './saved-conversation.ts';

/** What is kept. */
export interface Contents {
  draft: string;
  attached: readonly Attachment[];
  exchanges: readonly Exchange[];
}

const keys = new WeakMap<Blob, string>();

/** The same bytes keep their key, so that they are written once. */
function keyOf(blob: Blob): string {
  const known = keys.get(blob);
  if (known !== undefined) return known;
  const key = crypto.randomUUID();
  keys.set(blob, key);
  return key;
}

export function recordOf({ draft, attached, exchanges }: Contents): Kept {
  const images = new Map<string, Blob>();
  const saveImage = ({ name, blob, phantom, notes = [], caption }: Attachment): SavedImage => {
    if (phantom) return { type: 'phantom', name };
    const key = keyOf(blob);
    images.set(key, blob);
    return { type: 'blob', name, key, notes: [...notes], caption };
  };
  const saved = {
    version: SAVED_VERSION,
    savedAt: Date.now(),
    draft,
    attached: attached.map(saveImage),
    exchanges: exchanges.map((exchange) => ({
      text: exchange.text,
      images: exchange.images.map(saveImage),
      leftOut: exchange.leftOut,
      answer: saveAnswer(exchange.answer),
    })),
  } as const;
  return { saved: { ...saved, exchanges: [...saved.exchanges], attached: [...saved.attached] }, images };
}

/** @throws RangeError for a phantom that this page cannot draw */
export function contentsOf({ saved, images }: Kept): Contents {
  const attach = (image: SavedImage): Attachment => {
    const id = `restored-${crypto.randomUUID()}`;
    if (image.type === 'phantom') {
      const drawn = phantomNumbered(image.name);
      if (!drawn) throw new RangeError(`no phantom has the number ${image.name}`);
      return { id, name: image.name, blob: drawn.file, url: URL.createObjectURL(drawn.file), phantom: drawn.phantom };
    }
    const blob = images.get(image.key);
    if (!blob) throw new RangeError(`the bytes of ${image.name} are missing`);
    keys.set(blob, image.key);
    const { name, notes, caption } = image;
    const read = { notes, ...(caption === undefined ? {} : { caption }) };
    return { id, name, blob, url: URL.createObjectURL(blob), ...read };
  };
  return {
    draft: saved.draft,
    attached: saved.attached.map(attach),
    exchanges: saved.exchanges.map(({ text, images: shown, leftOut, answer }) => {
      const exchange = new Exchange(text, shown.map(attach));
      exchange.leftOut = leftOut;
      exchange.answer = restoreAnswer(answer);
      return exchange;
    }),
  };
}

function saveAnswer(answer: Answer): SavedAnswer {
  const { modelName, randomWeights, teaches, seed, text, thought, state, reason, failure, turn, verdict } = answer;
  return {
    ...{ modelName, randomWeights, teaches, seed, text, thought, reason, failure, turn, verdict },
    // A reload ends an answer that is being written.
    state: state === 'done' || state === 'failed' ? state : 'stopped',
  };
}

function restoreAnswer(saved: SavedAnswer): Answer {
  const answer = new Answer(saved.modelName, saved.randomWeights, saved.teaches, saved.seed);
  const { text, thought, state, reason, failure, turn, verdict } = saved;
  return Object.assign(answer, { text, thought, state, reason, failure, turn, verdict });
}
