/** `npm run lora` */
import { runProcess } from '../shared/process.ts';
import { main } from './command.ts';

await runProcess(main);
