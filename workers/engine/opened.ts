/** An open model with what it keeps between turns. The engine worker holds one, `npm run generate` too. */
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

/** @throws FailureError `file-missing`, `file-broken`, `unsupported-package`, `other-file` */
export async function readParts(reader: PackageReader): Promise<PackageParts> {
  const pack = await timed('package', () => readPackage(reader));
  const chat = await timed('chat', () => loadChat(reader, pack.config.vision?.tokensPerImage ?? 0));
  const preprocessor = pack.vision ? readPreprocessor(await readJson(reader, 'preprocessor_config.json')) : undefined;
  return { pack, chat, preprocessor };
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
