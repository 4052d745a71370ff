import { existsSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { exportPackage, type ExportOptions } from '../../../cli/export/export-package.ts';
import {
  collectingReport,
  copyOfFixture,
  FIXTURE,
  options,
  rewriteTensors,
  temporaryFolder,
  type EditableTensor,
} from './workbench.ts';

const Q_PROJ = 'language_model.model.layers.3.self_attn.q_proj.weight';
const WEIGHTS = 'model.safetensors';

/** Exports, expects the error, and that neither the package nor a partial folder is left. */
async function expectRefusal(checkpoint: string, message: RegExp, more: Partial<ExportOptions> = {}): Promise<void> {
  const out = join(await temporaryFolder(), 'package');
  await expect(exportPackage(options(checkpoint, out, 'q4', more), collectingReport())).rejects.toThrow(message);
  expect(await readdir(dirname(out))).toEqual([]);
}

async function editTensor(
  folder: string,
  name: string,
  edit: (tensor: EditableTensor) => EditableTensor,
): Promise<void> {
  await rewriteTensors(join(folder, WEIGHTS), (tensors) =>
    tensors.map((tensor) => (tensor.name === name ? edit(tensor) : tensor)),
  );
}

async function editConfig(folder: string, edit: (config: Record<string, unknown>) => void): Promise<void> {
  const file = join(folder, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8'));
  edit(config);
  await writeFile(file, JSON.stringify(config));
}

/** Splits the fixture's file in two and writes the index; returns the shards' names. */
async function shard(folder: string): Promise<[string, string]> {
  const names: [string, string] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const map: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const take = (tensors: EditableTensor[]) => tensors.filter((_, i) => i % 2 === index);
    await rewriteTensors(
      join(folder, WEIGHTS),
      (tensors) => {
        for (const tensor of take(tensors)) map[tensor.name] = name;
        return take(tensors);
      },
      join(folder, name),
    );
  }
  await rm(join(folder, WEIGHTS));
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  return names;
}

describe('the exporter refuses', () => {
  it('a folder that is not there', async () => {
    await expectRefusal(
      join(FIXTURE, 'nowhere'),
      /nowhere does not exist; --checkpoint names a folder with config\.json/,
    );
  });

  it('a checkpoint without config.json', async () => {
    const folder = await copyOfFixture();
    await rm(join(folder, 'config.json'));
    await expectRefusal(folder, /config\.json is missing/);
  });

  it('a config.json that is no JSON', async () => {
    const folder = await copyOfFixture();
    await truncate(join(folder, 'config.json'), 100);
    await expectRefusal(folder, /config\.json is not JSON/);
  });

  it('an unknown architecture', async () => {
    const folder = await copyOfFixture();
    await editConfig(folder, (config) => (config['architectures'] = ['LlamaForCausalLM']));
    await expectRefusal(folder, /config\.json: architecture "LlamaForCausalLM" is not supported/);
  });

  it('a folder without weights', async () => {
    const folder = await copyOfFixture();
    await rename(join(folder, WEIGHTS), join(folder, 'pytorch_model.bin'));
    await expectRefusal(folder, /neither model\.safetensors nor model\.safetensors\.index\.json/);
  });

  it('a missing shard', async () => {
    const folder = await copyOfFixture();
    const [, second] = await shard(folder);
    await rm(join(folder, second));
    await expectRefusal(folder, /model-00002-of-00002\.safetensors is missing .* first "language_model/);
  });

  it('a shard without a tensor that the index places there', async () => {
    const folder = await copyOfFixture();
    const [first, second] = await shard(folder);
    await rename(join(folder, first), join(folder, 'aside'));
    await rename(join(folder, second), join(folder, first));
    await rename(join(folder, 'aside'), join(folder, second));
    await expectRefusal(folder, /model-0000\d-of-00002\.safetensors: tensor "language_model.*" is missing, although/);
  });

  it('a truncated file', async () => {
    const folder = await copyOfFixture();
    await truncate(join(folder, WEIGHTS), 2_000_000);
    await expectRefusal(folder, /model\.safetensors: tensor "language_model.*": truncated: tensor ends at byte/);
  });

  it('a wrong shape', async () => {
    const folder = await copyOfFixture();
    await editTensor(folder, Q_PROJ, (tensor) => ({ ...tensor, shape: [160, 128] }));
    await expectRefusal(
      folder,
      /model\.safetensors: tensor ".*3\.self_attn\.q_proj\.weight": shape \[160, 128\], .*\[128, 160\]/,
    );
  });

  it('a config of another size', async () => {
    const folder = await copyOfFixture();
    await editConfig(folder, (config) => Object.assign(config['text_config'] ?? {}, { intermediate_size: 640 }));
    await expectRefusal(folder, /tensor ".*mlp\..*": shape \[320, 160\], but config\.json asks for \[640, 160\]/);
  });

  it('a missing tensor, by name, when another has taken its place', async () => {
    const folder = await copyOfFixture();
    await editTensor(folder, Q_PROJ, (tensor) => ({ ...tensor, name: `${Q_PROJ}s` }));
    await expectRefusal(
      folder,
      /model\.safetensors: 1 of \d+ tensors .* missing, first "model\.layers\.3\.self_attn\.q_proj\.weight"/,
    );
  });

  it('the same parameter twice', async () => {
    const folder = await copyOfFixture();
    await rewriteTensors(join(folder, WEIGHTS), (tensors) =>
      tensors.flatMap((tensor) =>
        tensor.name === Q_PROJ
          ? [tensor, { ...tensor, name: tensor.name.replace('language_model.model', 'model.language_model') }]
          : [tensor],
      ),
    );
    await expectRefusal(folder, /the same parameter as/);
  });

  it('weights of integers', async () => {
    const folder = await copyOfFixture();
    await editTensor(folder, Q_PROJ, (tensor) => ({ ...tensor, dtype: 'I16' }));
    await expectRefusal(folder, /q_proj\.weight": dtype I16; only BF16, F16 and F32/);
  });

  it.each([
    ['NaN', 0x7fc0, 'NaN'],
    ['infinity', 0xff80, '-Infinity'],
  ])('%s, by file, tensor and index', async (_, bits, shown) => {
    const folder = await copyOfFixture();
    await editTensor(folder, Q_PROJ, (tensor) => {
      new DataView(tensor.data.buffer).setUint16(2 * (7 * 160 + 11), bits, true);
      return tensor;
    });
    const message = new RegExp(`model\\.safetensors: tensor "${Q_PROJ}": ${shown} at \\[7, 11\\]`);
    await expectRefusal(folder, message);
    // fp32 reads the same matrix through the transposing path.
    await expectRefusal(folder, message, { dtype: 'fp32' });
  });

  it('a weight that fp16 cannot hold', async () => {
    const folder = await copyOfFixture();
    await editTensor(folder, Q_PROJ, (tensor) => {
      new DataView(tensor.data.buffer).setUint16(2 * (7 * 160 + 11), 0x4780, true); // 65536
      return tensor;
    });
    await expectRefusal(folder, /q_proj\.weight": 65536 at \[11, 7\] does not fit fp16/, { dtype: 'fp16' });
  });

  it('an output folder that holds something, and leaves it alone', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'thesis.txt'), 'years of work');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      /already holds something \(thesis\.txt\)/,
    );
    expect(await readFile(join(out, 'thesis.txt'), 'utf8')).toBe('years of work');
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('an output that is a file', async () => {
    const out = join(await temporaryFolder(), 'file');
    await writeFile(out, '');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      /is a file, not a folder/,
    );
  });

  it('an output that is a link to nothing, before anything is written', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'package');
    await symlink('/nowhere/packages', out);
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      /is a link to \/nowhere\/packages, which does not exist; make the folder/,
    );
    expect(await readdir(folder)).toEqual(['package']);
  });

  it('not an output that is a link to an empty folder: the package comes to lie there', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'package');
    await mkdir(join(folder, 'disk'));
    await symlink(join(folder, 'disk'), out);
    await exportPackage(options(FIXTURE, out, 'q4'), collectingReport());
    expect((await lstat(out)).isSymbolicLink()).toBe(true);
    expect(await readdir(join(folder, 'disk'))).toContain('manifest.json');
    expect(await readdir(folder)).toEqual(['disk', 'package']);
  });

  it('an index that places no tensor anywhere', async () => {
    const folder = await copyOfFixture();
    await shard(folder);
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: {} }));
    await expectRefusal(folder, /^model\.safetensors\.index\.json: "weight_map" is empty/);
  });

  it('a partial folder that somebody else made, and leaves it alone', async () => {
    const out = join(await temporaryFolder(), 'package');
    await mkdir(`${out}.partial`);
    await writeFile(join(`${out}.partial`, 'thesis.txt'), 'years of work');
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      /was not made by this command/,
    );
    expect(await readdir(`${out}.partial`)).toEqual(['thesis.txt']);
  });

  it('to share a partial folder with an export that is alive', async () => {
    const out = join(await temporaryFolder(), 'package');
    await mkdir(`${out}.partial`);
    await writeFile(join(`${out}.partial`, '.in-progress'), JSON.stringify({ pid: process.ppid }));
    await expect(exportPackage(options(FIXTURE, out, 'q4'), collectingReport())).rejects.toThrow(
      new RegExp(`another export \\(process ${process.ppid}\\)`),
    );
  });
});

describe('the exporter leaves nothing behind', () => {
  it('when the disk says that it is full', async () => {
    // The write layer says so: the real thing is in command-line.test.ts, where a small file system can be mounted.
    const probe = await open(join(FIXTURE, 'config.json'), 'r');
    const prototype: { write: (...args: never[]) => Promise<unknown> } = Object.getPrototypeOf(probe);
    await probe.close();
    const original = prototype.write;
    let calls = 0;
    const spy = vi.spyOn(prototype, 'write').mockImplementation(function (this: unknown, ...args) {
      if (++calls > 40)
        return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
      return original.apply(this, args);
    });
    try {
      await expectRefusal(FIXTURE, /no space left while writing .*package/);
      expect(calls).toBeGreaterThan(40);
    } finally {
      spy.mockRestore();
    }
  });

  it('when it is stopped', async () => {
    const out = join(await temporaryFolder(), 'package');
    const abort = new AbortController();
    const report = collectingReport(abort.signal);
    let total = 0;
    report.progress = (bytes) => {
      total = bytes;
      return {
        add: () => {
          if (!abort.signal.aborted) abort.abort(new Error('stopped by the test'));
        },
        stop: () => undefined,
      };
    };
    await expect(exportPackage(options(FIXTURE, out, 'q4'), report)).rejects.toThrow('stopped by the test');
    expect(total).toBeGreaterThan(0);
    expect(await readdir(dirname(out))).toEqual([]);
  });
});

describe('the exporter goes on', () => {
  it('with a warning that names tensors it does not know, silently past those it does', async () => {
    const folder = await copyOfFixture();
    await rewriteTensors(join(folder, WEIGHTS), (tensors) => [
      ...tensors,
      // The tied head, saved once more.
      ...tensors
        .filter(({ name }) => name === 'language_model.model.embed_tokens.weight')
        .map((embedding) => ({ ...embedding, name: 'language_model.lm_head.weight' })),
      { name: 'vision_tower.vision_model.head.probe', dtype: 'BF16', shape: [1], data: new Uint8Array(2) },
      { name: 'audio_tower.conv.weight', dtype: 'F32', shape: [1], data: new Uint8Array(4) },
    ]);
    const report = collectingReport();
    await exportPackage(options(folder, join(await temporaryFolder(), 'package'), 'q4'), report);
    expect(report.warnings.filter((text) => text.includes('no graph uses'))).toEqual([
      'tensors that no graph uses are left out: audio_tower.conv.weight',
    ]);
  });

  it('not with a head of another shape than the embedding, whatever config.json says of tying', async () => {
    const folder = await copyOfFixture();
    await rewriteTensors(join(folder, WEIGHTS), (tensors) => [
      ...tensors,
      { name: 'language_model.lm_head.weight', dtype: 'BF16', shape: [1], data: new Uint8Array(2) },
    ]);
    await expectRefusal(
      folder,
      /"language_model\.lm_head\.weight": shape \[1\], but config\.json asks for \[512, 160\]/,
    );
  });

  it('into an empty folder', async () => {
    const out = await temporaryFolder();
    await exportPackage(options(FIXTURE, out, 'q4'), collectingReport());
    expect(await readdir(out)).toContain('manifest.json');
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('after a dead export, and says so', async () => {
    const out = join(await temporaryFolder(), 'package');
    await mkdir(`${out}.partial/onnx`, { recursive: true });
    // No process has this id: Linux ends at 2^22.
    await writeFile(join(`${out}.partial`, '.in-progress'), JSON.stringify({ pid: 2 ** 30 }));
    await writeFile(join(`${out}.partial`, 'onnx', 'old.onnx'), 'half');
    const report = collectingReport();
    await exportPackage(options(FIXTURE, out, 'q4'), report);
    expect(report.notes).toEqual([
      expect.stringMatching(/removing .*\.partial, left by an earlier export that did not finish/),
    ]);
    expect(await readdir(join(out, 'onnx'))).not.toContain('old.onnx');
  });
});
