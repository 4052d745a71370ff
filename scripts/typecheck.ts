/** `npm run typecheck`: every folder against the types of its own runtime, and nothing else's. */
import { runNodeJobs, tools } from './node-process.ts';

const FOLDERS = [
  'tests/unit',
  'tests/browser',
  'tests/e2e',
  'tests/reference',
  'bench',
  'scripts',
  'workers',
  'cli',
  'core',
];

const failed = await runNodeJobs([
  {
    name: 'src (svelte-check)',
    args: [...tools.svelteCheck, '--tsconfig', 'src/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  },
  ...FOLDERS.map((folder) => ({ name: folder, args: [...tools.tsc, '--pretty', 'false', '-p', folder] })),
  { name: 'configuration files', args: [...tools.tsc, '--pretty', 'false', '-p', '.'] },
]);
process.exitCode = failed.length > 0 ? 1 : 0;
