/** docs/commands.md and docs/commands.ko.md list the options of every command, and no others. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main as booth } from '../../../cli/booth/command.ts';
import { main as evaluate } from '../../../cli/evaluate/command.ts';
import { main as exportMain } from '../../../cli/export/command.ts';
import { main as generate } from '../../../cli/generate/command.ts';
import { main as korean } from '../../../cli/korean/command.ts';
import { main as lora } from '../../../cli/lora/command.ts';
import { main as phantoms } from '../../../cli/phantoms/command.ts';
import { main as randomCheckpoint } from '../../../cli/random-checkpoint/command.ts';
import { main as rehearse } from '../../../cli/rehearse/command.ts';
import type { CommandMain } from '../../../cli/shared/command.ts';
import { main as teach } from '../../../cli/teach/command.ts';
import { main as ship } from '../../../cli/teach/ship-command.ts';
import { isJsonObject } from '#core/json.ts';
import { readJson } from '../../reference/json.ts';
import { ROOT, runCommandHere } from './run.ts';

/** Heading of the section → command and the arguments that choose a subcommand. */
const SECTIONS: [heading: string, main: CommandMain, subcommand: string[]][] = [
  ['npm run export', exportMain, []],
  ['npm run korean -- train', korean, ['train']],
  ['npm run korean -- merge', korean, ['merge']],
  ['npm run korean -- measure', korean, ['measure']],
  ['npm run korean -- inspect', korean, ['inspect']],
  ['npm run generate', generate, []],
  ['npm run evaluate', evaluate, []],
  ['npm run phantoms', phantoms, []],
  ['npm run lora', lora, []],
  ['npm run booth', booth, []],
  ['npm run teach', teach, []],
  ['npm run teach:ship', ship, []],
  ['npm run random-checkpoint', randomCheckpoint, []],
  ['npm run rehearse', rehearse, []],
];

/** From a heading to the next. */
function sectionOf(text: string, heading: string): string {
  const sections = text.split(/^#{2,3} /m);
  const found = sections.find((section) => section.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`no section "${heading}"`);
  return found;
}

describe.each(['docs/commands.md', 'docs/commands.ko.md'])('%s', (file) => {
  it.each(SECTIONS)('has the options of %s', async (heading, main, subcommand) => {
    const { status, stdout, stderr } = await runCommandHere(main, [...subcommand, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    const options = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name);
    expect(options.length).toBeGreaterThan(0);
    const section = sectionOf(await readFile(join(ROOT, file), 'utf8'), heading);
    const rows = [...section.matchAll(/^\| `(--[a-z-]+)[` ]/gm)].map(([, name]) => name);
    expect(rows).toEqual(options);
    const choices = [...stdout.replace(/\s+/g, ' ').matchAll(/choices: ((?:"[^"]+"(?:, )?)+)/g)];
    for (const [, list = ''] of choices) {
      for (const [, choice] of list.matchAll(/"([^"]+)"/g)) expect(section).toContain(`\`${choice}\``);
    }
  });

  it('has every command of package.json that runs a file of cli/', async () => {
    const { scripts } = await readJson(ROOT, 'package.json');
    if (!isJsonObject(scripts)) throw new Error('package.json has no scripts');
    const commands = Object.entries(scripts).flatMap(([name, script]) =>
      String(script).includes(' cli/') ? [name] : [],
    );
    expect(commands.length).toBeGreaterThan(5);
    const text = await readFile(join(ROOT, file), 'utf8');
    for (const command of commands) expect(text).toContain(`\n## npm run ${command}\n`);
  });
});
