/** `npm run teach:ship` */
import { runProcess } from '../shared/process.ts';
import { main } from './ship-command.ts';

await runProcess(main);
