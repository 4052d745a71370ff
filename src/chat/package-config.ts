import { fetchJson } from '#core/fetch/fetch-file.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import { fileGone, isFileGone } from '#core/files/file-gone.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { ConfigError, MAX_CONFIG_BYTES, parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { network } from '../platform/network.ts';

export type PackageConfig = { type: 'ok'; config: Gemma3Config } | { type: 'failed'; failure: Failure };

/** config.json of a package. */
export async function packageConfig(source: PackageSource): Promise<PackageConfig> {
  try {
    return { type: 'ok', config: await configOf(source) };
  } catch (error) {
    return { type: 'failed', failure: failureOf(error) };
  }
}

/** @throws FailureError, ConfigError */
async function configOf(source: PackageSource): Promise<Gemma3Config> {
  const [file, limit] = ['config.json', MAX_CONFIG_BYTES];
  if (source.type === 'url') return parseConfig(await fetchJson(network, { url: source.url + file, file, limit }));
  const blob = source.files.find(({ path }) => path === file)?.blob;
  if (!blob) throw new FailureError('file-missing', { file });
  if (blob.size > limit) throw new FailureError('too-large', { file, bytes: blob.size, limit });
  return parseConfig(parseJson(new Uint8Array(await blob.arrayBuffer()), file));
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return { code: error.code, detail: error.detail };
  if (isFileGone(error)) return fileGone('config.json', error).failure;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigError) return { code: 'unsupported-package', detail: { file: 'config.json', reason } };
  console.error(error);
  return { code: 'runtime', detail: { reason } };
}
