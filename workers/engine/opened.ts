/** An open model with what it keeps between turns. The engine worker holds one, `npm run generate` too. */
import { FailureError } from '#core/failure.ts';
import { readPreprocessor, type Preprocessor } from '#core/image/preprocessor.ts';
import { RunTimes } from '#core/prompt-lookup/run-times.ts';
import { readJson, type PackageReader } from '../store/reader.ts';
import { loadChat, type Chat } from './chat/chat.ts';
import { ImageCache } from './generation/image-cache.ts';
import { emptyPrompt } from './generation/prefix-cache.ts';
import type { QuestionInput } from './generation/question.ts';
import { readPackage, type ModelPackage } from './model/package.ts';
import { timed } from './runtime/timed.ts';

export type OpenedModel = Pick<QuestionInput, 'model' | 'chat' | 'preprocessor' | 'decodeImage' | 'prefix'>;

/** What is read of a package before its weights. */
export interface PackageParts {
  pack: ModelPackage;
  chat: Chat;
  /** Undefined in text-only packages. */
  preprocessor: Preprocessor | undefined;
}

/**
 * Reads what is small, together: each read mostly waits.
 * @throws FailureError `file-missing`, `file-broken`, `unsupported-package`, `other-file`
 */
export async function readParts(reader: PackageReader): Promise<PackageParts> {
  const pack = await timed('package', () => readPackage(reader));
  const [chat, preprocessor] = await Promise.all([
    timed('chat', () => loadChat(reader, pack.config.vision?.tokensPerImage ?? 0)),
    pack.vision ? readJson(reader, 'preprocessor_config.json').then(readPreprocessor) : undefined,
    // So that they are parsed while the runtime compiles.
    timed('graphs: ahead', () => readAhead(pack)),
  ]);
  const { vision } = pack.config;
  if (preprocessor && vision && [preprocessor.width, preprocessor.height].some((side) => side !== vision.imageSize)) {
    const reason = `size is ${preprocessor.width} × ${preprocessor.height}, and config.json says image_size ${vision.imageSize}: they are not of one model`;
    throw new FailureError('file-broken', { file: 'preprocessor_config.json', reason });
  }
  return { pack, chat, preprocessor };
}

async function readAhead({ decoder, embedding, vision }: ModelPackage): Promise<void> {
  await Promise.all([decoder.readAhead(), embedding?.readAhead(), vision?.readAhead()]);
}

/** @param decodeImage of the platform */
export function openedModel(
  { chat, preprocessor }: PackageParts,
  model: OpenedModel['model'],
  decodeImage: OpenedModel['decodeImage'],
): OpenedModel {
  const prefix = { cached: emptyPrompt, isStale: false, images: new ImageCache(), runTimes: new RunTimes() };
  return { model, chat, preprocessor, decodeImage, prefix };
}
