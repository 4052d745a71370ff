/** Writes the manifest of a package whose files are written. */
import { manifestOf, manifestText } from '#core/export/manifest.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import type { FinishRequest } from '#core/protocol/maker.ts';
import { name, version } from '../../package.json';
import type { Made } from './make.ts';

/** The same manifest as the command line's but for its time and origin. */
export async function finish({ open, request, folder, making }: Made, { selfTest }: FinishRequest): Promise<void> {
  const { source, options } = request;
  const from = open.folder;
  const manifest: Manifest = manifestOf(open.plan, {
    name: options.name,
    created: new Date().toISOString(),
    generator: `${name} ${version}`,
    source: {
      checkpoint: from.name,
      files: 'hashes' in from ? from.hashes : {},
      randomWeights: false,
      notice: options.notice,
      ...(source.type === 'hub' && { repository: source.repository }),
      ...('revision' in from && from.revision !== undefined && { revision: from.revision }),
      versions: from.versions,
    },
    selfTest,
    files: Object.fromEntries(making.finished.map(({ path, entry }) => [path, entry])),
  });
  await folder.setManifest(manifestText(manifest));
  await folder.endMaking();
}
