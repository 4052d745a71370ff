/** Lets the shipped model answer what the page plays before its model is open. */
import { greyscalePng } from '#core/image/png.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { LANGUAGES, type Language } from '#core/phantoms/question.ts';
import type { RecordedAnswer, RecordedToken, Recording } from '#core/phantoms/recording.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { suggestQuestions } from '#core/phantoms/suggestions.ts';
import { TextStream } from '../../workers/engine/chat/stream.ts';
import { TurnMeter } from '../../workers/engine/generation/meter.ts';
import { runTurn } from '../../workers/engine/generation/turn.ts';
import type { OpenedModel } from '../../workers/engine/opened.ts';
import { CommandError } from '../shared/errors.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { openModel } from '../shared/runtime/open-model.ts';

/** Set of the page's phantoms, and which of them are shown, in this order. Each is asked what the page suggests first. */
const SET = 0;
const INDICES: readonly number[] = [3, 1, 4];
const MOST_TOKENS = 64;

/** @throws CommandError where an answer does not end, and FailureError, as the engine */
export async function recordOpening(folder: string, signal: AbortSignal): Promise<Recording> {
  const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
  const opened = await openModel(reader, { contextLength: 512, threads: 1, signal });
  try {
    const answers: RecordedAnswer[] = [];
    // What compiles and warms up at the first answer is no part of the recording.
    await record(opened, INDICES[0] ?? 0, 'ko', signal);
    for (const language of LANGUAGES)
      for (const index of INDICES) answers.push(await record(opened, index, language, signal));
    return { model: opened.model.info.name, answers };
  } finally {
    await opened.model.dispose();
  }
}

async function record(
  opened: OpenedModel,
  index: number,
  language: Language,
  signal: AbortSignal,
): Promise<RecordedAnswer> {
  const phantom = drawPhantom(phantomSeed('page', SET, index));
  const [question = ''] = suggestQuestions(phantom, language);
  const image = new Blob([greyscalePng(renderPhantom(phantom), SIDE, SIDE)]);
  const content = [
    { type: 'image', name: `phantom-${SET}-${index}.png`, image },
    { type: 'text', text: question },
  ] as const;
  const sampling = { temperature: 0, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 0 };
  const request = { messages: [{ role: 'user', content }] as const, sampling, maxNewTokens: MOST_TOKENS };
  const times: { id: number; milliseconds: number }[] = [];
  const begin = performance.now();
  const reason = await runTurn({
    ...{ ...opened, request, signal, meter: new TurnMeter() },
    emit(update) {
      if (update.type !== 'token') return;
      const milliseconds = Math.round(performance.now() - begin);
      times.push(...update.ids.map((id) => ({ id, milliseconds })));
    },
  });
  signal.throwIfAborted();
  if (reason !== 'end') throw new CommandError(`the answer to "${question}" has no end: is this a teaching model?`);
  return { set: SET, index, language, question, tokens: withTexts(opened, times) };
}

function withTexts(
  { chat, model }: OpenedModel,
  times: readonly { id: number; milliseconds: number }[],
): RecordedToken[] {
  const stream = new TextStream(chat.tokenizer);
  return times
    .filter(({ id }) => !model.package.endTokens.has(id))
    .map(({ id, milliseconds }) => {
      const text = stream.push(id).map((delta) => delta.text);
      return { id, text: text.join(''), milliseconds };
    });
}
