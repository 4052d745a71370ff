/** `npm run lint`: format, walls between the folders, and the rules of eslint.config.js. */
import { runNodeJobs, tools } from './node-process.ts';

const failed = await runNodeJobs([
  { name: 'eslint', args: [...tools.eslint, '.', '--max-warnings', '0'] },
  { name: 'prettier', args: [...tools.prettier, '--check', '--log-level', 'warn', '.'] },
]);
process.exitCode = failed.length > 0 ? 1 : 0;
