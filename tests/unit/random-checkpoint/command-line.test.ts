import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import { main } from '../../../cli/random-checkpoint/command.ts';
import { gemma3Files } from '../../../cli/random-checkpoint/gemma3-files.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { StoppedError } from '../../../cli/shared/errors.ts';
import { readJson } from '../../reference/json.ts';
import { runCommandHere, temporaryFolder } from '../cli/run.ts';

describe('npm run random-checkpoint', () => {
  it('writes the same weights for the same seed, in the shape of a preset or of a config.json', async () => {
    const folder = await temporaryFolder();
    const path = (name: string) => join(folder, name);
    await writeFile(path('config.json'), JSON.stringify(presetConfig('tiny')));
    const make = async (name: string, ...args: string[]) => {
      const finished = await runCommandHere(main, [...args, '--out', path(name)]);
      expect(finished).toMatchObject({ status: 0, stdout: `${path(name)}: 3.9 MB of random weights\n` });
      expect(finished.stderr).toMatch(/100% \| 3\.9 of 3\.9 MB/);
      return readFile(path(`${name}/model.safetensors`));
    };
    const preset = await make('a', '--preset', 'tiny');
    expect(preset.equals(await make('b', '--config', path('config.json')))).toBe(true);
    expect(preset.equals(await make('c', '--preset', 'tiny', '--seed', '2'))).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'c', 'config.json']);
    expect((await readdir(path('b'))).sort()).toEqual(['config.json', 'model.safetensors']);
    const tokenizer = ['special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json'];
    expect((await readdir(path('a'))).sort()).toEqual([
      ...['chat_template.jinja', 'config.json', 'model.safetensors'],
      ...tokenizer,
    ]);
  });

  it('writes the decoder alone, and shards with an index', async () => {
    const out = join(await temporaryFolder(), 'checkpoint');
    const args = ['--preset', 'tiny', '--text-only', '--shard-bytes', '2000000', '--dtype', 'F32', '--out', out];
    expect(await runCommandHere(main, args)).toMatchObject({ status: 0 });
    expect(await readJson(out, 'config.json')).toMatchObject({ architectures: ['Gemma3ForCausalLM'] });
    const index = await readJson(out, 'model.safetensors.index.json');
    const shards = (await readdir(out)).filter((name) => name.endsWith('.safetensors'));
    expect(shards.length).toBeGreaterThan(1);
    expect([...new Set(Object.values(index['weight_map'] ?? {}))].sort()).toEqual(shards.sort());
  });

  it('has the names and fields of MedGemma, with the tokenizer of Gemma 3 beside', async () => {
    const text = presetConfig('medgemma-27b-text', 4);
    expect(text).toMatchObject({ architectures: ['Gemma3ForCausalLM'], num_hidden_layers: 4, vocab_size: 262144 });
    // Hugging Face counts as many for google/medgemma-27b-text-it.
    expect(countParameters(parseConfig(presetConfig('medgemma-27b-text')))).toBe(27_009_002_240);
    const files = await gemma3Files(presetConfig('medgemma-4b'));
    expect([...files.keys()].sort()).toEqual([
      ...['chat_template.jinja', 'generation_config.json', 'preprocessor_config.json', 'processor_config.json'],
      ...['tokenizer.json', 'tokenizer_config.json'],
    ]);
    expect(JSON.parse(files.get('preprocessor_config.json') ?? '')).toMatchObject({
      size: { height: 896, width: 896 },
    });
    expect((await gemma3Files(text)).has('preprocessor_config.json')).toBe(false);
  });

  it.each<[string, string[], RegExp]>([
    ['layers without a preset', ['--config', 'x', '--layers', '2', '--out', 'OUT'], /--layers shortens a shape/],
    ['no arguments', [], /required option '--out/],
    ['no shape', ['--out', 'OUT'], /^error: name a shape with --preset or --config$/m],
    ['both shapes', ['--preset', 'tiny', '--config', 'x', '--out', 'OUT'], /'--preset <name>' cannot be used with/],
    [
      'an unknown preset',
      ['--preset', 'huge', '--out', 'OUT'],
      /Allowed choices are tiny, mid, medgemma-4b, medgemma-27b-text/,
    ],
    ['a seed that is no number', ['--preset', 'tiny', '--seed', '', '--out', 'OUT'], /whole number of at least 0/],
    [
      'a config that is not there',
      ['--config', '/nowhere/x', '--out', 'OUT'],
      /^error: \/nowhere\/x does not exist: there/m,
    ],
    ['a config that is no JSON', ['--config', 'TEXT', '--out', 'OUT'], /^error: .*text is not JSON: /m],
    [
      'a config that is no object',
      ['--config', 'LIST', '--out', 'OUT'],
      /^error: .*list is no JSON object; --config takes/m,
    ],
    ['a config of another model', ['--config', 'OTHER', '--out', 'OUT'], /^error: config\.json: /m],
    [
      'a folder under a file',
      ['--preset', 'tiny', '--out', 'TEXT/x'],
      /^error: .*: a file stands where a folder should be|is a file/m,
    ],
  ])('ends with 1 on %s and makes nothing', async (_, args, message) => {
    const folder = await temporaryFolder();
    const files: Record<string, string> = {
      TEXT: 'no JSON',
      LIST: '[]',
      OTHER: '{"architectures": ["LlamaForCausalLM"]}',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name.toLowerCase()), text);
    const given = args.map((arg) =>
      arg.replace(/^(OUT|TEXT|LIST|OTHER)/, (name) => join(folder, name === 'OUT' ? 'deep/out' : name.toLowerCase())),
    );
    const { status, stdout, stderr } = await runCommandHere(main, given);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect([status, stdout]).toEqual([1, '']);
    expect((await readdir(folder)).sort()).toEqual(['list', 'other', 'text']);
  });

  it('keeps nothing when it is stopped', async () => {
    const out = join(await temporaryFolder(), 'deep', 'checkpoint');
    const stopped = await runCommandHere(
      main,
      ['--preset', 'mid', '--out', out],
      AbortSignal.abort(new StoppedError('SIGINT')),
    );
    expect(stopped).toMatchObject({ status: 130, stdout: '' });
    expect(stopped.stderr).toMatch(/^error: stopped by SIGINT; nothing was kept$/m);
    expect(await readdir(dirname(dirname(out)))).toEqual([]);
  });
});
