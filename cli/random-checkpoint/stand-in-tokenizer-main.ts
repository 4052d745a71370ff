/** Run with `tsx cli/random-checkpoint/stand-in-tokenizer-main.ts FOLDER`. */
import { runProcess } from '../shared/process.ts';
import { main } from './stand-in-tokenizer-command.ts';

await runProcess(main);
