/** Starts the servers that lie on a stick. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../cli/run.ts';

export interface StickServer {
  name: string;
  /** False where the machine lacks what runs it. */
  isHere: boolean;
  /** @returns its address */
  start: (stick: string) => Promise<string>;
}

const runs = (program: string) => spawnSync(program, ['--version']).status === 0;

export const NODE: StickServer = {
  name: 'serve.mjs',
  isHere: true,
  start: (stick) => started(process.execPath, [join(stick, 'serve.mjs'), '0']),
};

const PYTHON: StickServer = {
  name: 'serve.py',
  isHere: runs('python3'),
  start: (stick) => started('python3', [join(stick, 'serve.py'), '0']),
};

/** What serve.ps1 does with serve.cs, by Mono: its compiler for the C# of Windows, and its HttpListener. */
const MONO: StickServer = {
  name: 'serve.cs',
  isHere: runs('mono') && runs('mcs'),
  start: async (stick) => {
    const folder = await temporaryFolder();
    const [main, program] = [join(folder, 'main.cs'), join(folder, 'serve.exe')];
    await writeFile(main, MAIN);
    execFileSync('mcs', ['-langversion:5', '-warnaserror', `-out:${program}`, main, join(stick, 'serve.cs')]);
    return started('mono', [program, stick, String(await freePort())]);
  },
};

const MAIN = `
static class Program
{
    static void Main(string[] args)
    {
        using (new BoothServer(args[0], int.Parse(args[1])))
        {
            System.Console.WriteLine("http://localhost:" + args[1] + "/");
            System.Threading.Thread.Sleep(-1);
        }
    }
}`;

export const STICK_SERVERS = [NODE, PYTHON, MONO];

/** @returns the address that the program prints first */
function started(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`${program} ended with ${status}`)));
    child.stdout.once('data', (text) => resolve(/http:\S+/.exec(String(text))?.[0] ?? ''));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, 'localhost', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
