/** `npm run typecheck`: every folder against the types of its own runtime, and nothing else's. */
import { runNodeJobs, tools } from './node-process.ts';

/** The largest first: nothing long is left for the end. `.` is what runs in Node. */
const PROGRAMS = ['.', 'tests/unit', 'tests/browser', 'bench', 'bench/page', 'workers', 'core'];

const failed = await runNodeJobs([
  {
    name: 'src (svelte-check)',
    args: [...tools.svelteCheck, '--tsconfig', 'src/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  },
  ...PROGRAMS.map((folder) => {
    // What has not changed since the last run is not checked again; the compiler compares the contents of all files.
    const known = `.cache/tsc/${folder === '.' ? 'node' : folder.replaceAll('/', '-')}.tsbuildinfo`;
    return {
      name: folder === '.' ? 'Node (cli, scripts, tests/e2e, tests/reference, configuration files)' : folder,
      args: [...tools.tsc, '--pretty', 'false', '-p', folder, '--incremental', '--tsBuildInfoFile', known],
    };
  }),
]);
process.exitCode = failed.length > 0 ? 1 : 0;
