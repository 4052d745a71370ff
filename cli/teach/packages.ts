/** `npm run models` */
import { runProcess } from '../shared/process.ts';
import { main } from './packages-command.ts';

await runProcess(main);
