/**
 * Packages for the tests of the engine, and what they must answer: the greedy tokens of the same files on ONNX Runtime's
 * CPU provider in Node. Runs in Node.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRandomPackage } from '../../reference/random-package.ts';
import { parseManifest } from '#core/protocol/manifest.ts';
import { computeSelfTest } from '../../../cli/export/self-test.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { loadChat } from '../../../workers/engine/chat/chat.ts';
import { BASE_SIZE, MERGES, writeKoreanPack } from '../../reference/korean.ts';
import { exportFixture, fixture, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { writeTextOnly } from '../../unit/parity/checkpoints.ts';
import { koreanQuestions, questions, tamperedFile, type Expected } from './questions.ts';
import { writeForeign } from './foreign.ts';

export async function writeEnginePackages(folder: string): Promise<void> {
  const path = (name: string) => join(folder, name);
  await writeRandomPackage(path('chat'));
  await writeForeign(path('chat'), path('foreign'), 'fused');
  await writeForeign(path('chat'), path('foreign-concat'), 'concat');
  await writeTampered(path('chat'), path('tampered'));
  const checkpoint = temporaryFolder();
  try {
    await writeTextOnly(checkpoint.path);
    await writeStandInTokenizer(checkpoint.path);
    await exportFixture(path('text-only'), 'q4', { checkpoint: checkpoint.path });
    await exportFixture(path('self-test'), 'q4', {
      ...{ checkpoint: checkpoint.path, name: 'self-test', selfTest: computeSelfTest },
    });
  } finally {
    checkpoint.remove();
  }
  const korean = await writeKorean(path('korean'));
  const expected: Expected = {
    chat: await greedyAnswers(path('chat'), await NodeModel.open(path('chat'), 'q4')),
    textOnly: await greedyAnswers(path('text-only'), await NodeModel.openTextOnly(path('text-only'), 'q4')),
    korean: await greedyAnswers(path('korean'), await NodeModel.open(path('korean'), 'q4'), koreanQuestions, korean),
  };
  await writeFile(path('expected.json'), JSON.stringify(expected));
}

/**
 * One bit of the vision encoder's weights is not what the manifest says. The manifest names other weights than any package here: those the
 * browser may have already, and then would not fetch these.
 */
async function writeTampered(from: string, out: string): Promise<void> {
  await cp(from, out, { recursive: true });
  const file = join(out, tamperedFile);
  const bytes = await readFile(file);
  const flip = (at: number) => (bytes[at] = (bytes[at] ?? 0) ^ 1);
  flip(2000);
  const manifest = parseManifest(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')));
  const { chunkSize } = manifest;
  const starts = Array.from({ length: Math.ceil(bytes.length / chunkSize) }, (_, chunk) => chunk * chunkSize);
  manifest.files[tamperedFile] = {
    size: bytes.length,
    sha256: sha256(bytes),
    chunks: starts.map((start) => sha256(bytes.subarray(start, start + chunkSize))),
  };
  await writeFile(join(out, 'manifest.json'), JSON.stringify(manifest));
  flip(1000);
  await writeFile(file, bytes);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** With a pack's tokens: an odd number of rows, as a pack for Gemma leaves it. @returns how many */
async function writeKorean(out: string): Promise<number> {
  const checkpoint = temporaryFolder();
  try {
    await cp(join(fixture, 'checkpoint'), checkpoint.path, { recursive: true });
    await writeStandInTokenizer(checkpoint.path);
    const pack = join(checkpoint.path, 'ko-5.json');
    await writeKoreanPack(join(checkpoint.path, 'tokenizer.json'), pack);
    const korean = { pack, init: 'mean', untie: false } as const;
    await exportFixture(out, 'q4', { checkpoint: checkpoint.path, korean });
  } finally {
    checkpoint.remove();
  }
  return BASE_SIZE + MERGES.length;
}

async function greedyAnswers(
  folder: string,
  model: NodeModel,
  asked: readonly string[] = questions,
  vocabulary?: number,
): Promise<Record<string, number[]>> {
  const chat = await loadChat(
    {
      name: folder,
      list: () => undefined,
      has: (path) => Promise.resolve(existsSync(join(folder, path))),
      blob: (path) => Promise.resolve(new Blob([readFileSync(join(folder, path))])),
    },
    0,
  );
  const answers: Record<string, number[]> = {};
  for (const question of asked) {
    const { ids } = chat.prompt([{ role: 'user', content: [{ type: 'text', text: question }] }]);
    answers[question] = (await model.greedy(await model.prefill(ids), 10, vocabulary)).ids;
  }
  return answers;
}
