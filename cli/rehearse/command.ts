/** Command line of the rehearsal: `npm run rehearse -- --help`. */
import { Option, type Command } from 'commander';
import { DTYPES, type Dtype } from '#core/gemma3/dtype.ts';
import { QUANT_METHODS, type QuantMethod } from '#core/quant/settings.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { wholeNumber } from '../shared/options.ts';
import { PRESETS, type PresetName } from '../shared/presets.ts';
import { rehearse } from './rehearse.ts';
import { barsOf } from './bars.ts';
import { barTable, byteTable, differences, stepTable } from './report.ts';

export interface Flags {
  shape: PresetName;
  out: string;
  layers?: number;
  dtype: Dtype;
  method?: QuantMethod;
  keep: boolean;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const flags = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    const { machine, steps, predicted, measured, packageBytes } = await rehearse(flags, io);
    printLine(
      io.stdout,
      [...machine, '', stepTable(steps), '', byteTable(predicted, measured, packageBytes)].join('\n'),
    );
    const bars = barsOf(flags, steps, packageBytes);
    if (bars.length > 0) printLine(io.stdout, `\n${barTable(bars)}`);
    const [different] = differences(predicted, measured);
    if (different !== undefined)
      throw new CommandError(
        `${different} has another size than its shape says: a defect in core/gemma3/package-plan.ts or in the exporter`,
      );
  });
}

function createProgram(io: CommandIo): Command {
  return createCommand('rehearse', io)
    .description(
      'Makes a random checkpoint in the shape of a model, exports it, checks the package and lets it answer; prints time, memory and bytes of each step.',
    )
    .addOption(new Option('--shape <name>', 'shape of the model').choices(PRESETS).makeOptionMandatory())
    .requiredOption('--out <folder>', 'folder for checkpoint and package; must be new or empty')
    .option('--layers <count>', 'layers of the decoder (default: those of the shape)', wholeNumber(1))
    .addOption(new Option('--dtype <dtype>', 'precision of decoder and embeddings').choices(DTYPES).default('q4'))
    .addOption(
      new Option('--method <how>', 'how scales are chosen (default: as npm run export)').choices(QUANT_METHODS),
    )
    .option('--keep', 'keep checkpoint and package; they are removed otherwise', false);
}
