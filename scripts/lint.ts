/** `npm run lint`: format, walls between the folders, cycles of imports, and the rules of eslint.config.js. */
import { runNodeJobs, tools } from './node-process.ts';

/**
 * TypeScript reads a component as the linter's parser hands it over; otherwise the program of types is made anew for each component
 * (docs/decisions/0010-test-suite.md has figures). The parser calls this experimental.
 */
process.env['SVELTE_ESLINT_PARSER_EXPERIMENTAL_TS_SYS_HOOK'] = '1';

const failed = await runNodeJobs([
  { name: 'eslint', args: [...tools.eslint, '.', '--max-warnings', '0'] },
  {
    name: 'prettier',
    // A file whose contents are known to be formatted is not formatted again.
    args: [
      ...[...tools.prettier, '--check', '--log-level', 'warn', '.'],
      ...['--cache', '--cache-strategy', 'content', '--cache-location', '.cache/prettier'],
    ],
  },
  { name: 'import cycles', args: [...tools.tsx, 'scripts/import-cycles.ts'] },
]);
process.exitCode = failed.length > 0 ? 1 : 0;
