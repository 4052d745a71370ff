/** `npm run teach:remeasure` */
import { runProcess } from '../shared/process.ts';
import { main } from './remeasure-command.ts';

await runProcess(main);
