/** .github/workflows/pages.yml, held to what the repository has: no Pages is at hand to try it on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  id?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  needs?: string;
  permissions: Record<string, string>;
  environment?: { name: string; url: string };
  steps: Step[];
}

interface Workflow {
  on: { push: { tags?: string[]; branches?: string[] }; workflow_dispatch: null };
  permissions: Record<string, string>;
  concurrency: { group: string; 'cancel-in-progress': boolean };
  jobs: { build: Job; deploy: Job };
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const path = join(root, '.github/workflows/pages.yml');
let text: string;
let workflow: Workflow;
let packageJson: { scripts: Record<string, string>; engines: { node: string } };

beforeAll(async () => {
  text = await readFile(path, 'utf8');
  // As GitHub reads it: an error of YAML throws, a key that stands twice too.
  workflow = parse(text, { strict: true, uniqueKeys: true });
  packageJson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
});

const stepsWith = (job: Job, action: string) => job.steps.filter(({ uses }) => uses?.startsWith(`${action}@`));
const only = (steps: Step[]): Step => {
  const [step, ...more] = steps;
  if (step === undefined || more.length > 0) throw new Error(`one step was expected, there are ${steps.length}`);
  return step;
};

describe('what it may do', () => {
  it('is no more than each job needs', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(workflow.jobs.build.permissions).toEqual({ contents: 'read', pages: 'read' });
    expect(workflow.jobs.deploy.permissions).toEqual({ pages: 'write', 'id-token': 'write' });
  });

  it('runs only what GitHub wrote, each at one commit, with the version beside it', () => {
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    const used = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(used).toHaveLength(5);
    for (const action of used) {
      expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
      expect(text).toMatch(new RegExp(`${action} # v\\d+\\.\\d+\\.\\d+\\n`));
    }
  });

  it('leaves no token in the files that it builds from, and no publication half done', () => {
    expect(only(stepsWith(workflow.jobs.build, 'actions/checkout')).with?.['persist-credentials']).toBe(false);
    expect(workflow.concurrency).toEqual({ group: 'pages', 'cancel-in-progress': false });
  });
});

describe('the build', () => {
  it('runs scripts that there are, after npm ci', () => {
    const commands = workflow.jobs.build.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(commands[0]).toBe('npm ci');
    expect(commands).toContain('npm run build');
    for (const command of commands.slice(1)) {
      const name = /^npm run ([\w:-]+)$/.exec(command)?.[1];
      expect(Object.keys(packageJson.scripts)).toContain(name);
    }
  });

  it('takes a Node that package.json allows', () => {
    const least = /^>=(\d+)\.(\d+)$/.exec(packageJson.engines.node)?.slice(1).map(Number);
    const chosen = only(stepsWith(workflow.jobs.build, 'actions/setup-node')).with?.['node-version'];
    // A major version alone stands for its newest: a later one than the least is allowed whatever its minor version.
    expect(Number.isInteger(chosen)).toBe(true);
    expect(chosen).toBeGreaterThan(least?.[0] ?? Infinity);
  });

  it('uploads the folder that Vite builds, of a page that stands in any folder', async () => {
    const config = await resolveConfig({ root, logLevel: 'silent' }, 'build');
    const upload = only(stepsWith(workflow.jobs.build, 'actions/upload-pages-artifact'));
    expect(join(root, String(upload.with?.['path']))).toBe(join(config.root, config.build.outDir));
    // On Pages the page stands in /<repository>/.
    expect(config.base).toBe('./');
  });

  it('uploads after the build, and publishes what it uploaded', () => {
    const { build, deploy } = workflow.jobs;
    const at = (found: (step: Step) => boolean | undefined) => build.steps.findIndex((step) => found(step));
    const upload = at(({ uses }) => uses?.startsWith('actions/upload-pages-artifact'));
    expect(upload).toBe(build.steps.length - 1);
    expect(at(({ run }) => run === 'npm run build')).toBeLessThan(upload);
    expect(at(({ uses }) => uses?.startsWith('actions/checkout'))).toBe(0);
    expect(deploy.needs).toBe('build');
    const { id } = only(stepsWith(deploy, 'actions/deploy-pages'));
    expect(deploy.environment).toEqual({
      name: 'github-pages',
      url: `\${{ steps.${id}.outputs.page_url }}`,
    });
  });
});

it('publishes releases, and what is asked for by hand', () => {
  expect(workflow.on).toEqual({ push: { tags: ['v*'] }, workflow_dispatch: null });
});
