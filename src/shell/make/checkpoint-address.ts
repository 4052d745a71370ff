/** What a visitor types for a checkpoint: a repository of Hugging Face, or the address of a folder on this site. */
import type { CheckpointSource } from '#core/protocol/maker.ts';
import { packageUrl } from '../../platform/package-url.ts';

export type CheckpointAddress =
  { type: 'ok'; source: CheckpointSource; name: string } | { type: 'bad' } | { type: 'host'; host: string };

const HUB = 'https://huggingface.co';

export function checkpointAddress(typed: string, page: string): CheckpointAddress {
  const found = packageUrl(typed, page);
  if (found.type !== 'ok') return found;
  const { url } = found;
  const [, owner, repository, revision, folder] =
    /^https:\/\/huggingface\.co\/([^/]+)\/([^/]+)\/resolve\/([^/]+)\/(.*)$/u.exec(url) ?? [];
  if (owner === undefined || repository === undefined || revision === undefined) {
    const name = new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? url;
    return { type: 'ok', source: { type: 'url', url }, name: decodeURIComponent(name) };
  }
  // A checkpoint lies at the top of its repository.
  if (folder !== '') return { type: 'bad' };
  const source = { type: 'hub', endpoint: HUB, repository: `${owner}/${repository}`, revision } as const;
  return { type: 'ok', source, name: repository };
}
