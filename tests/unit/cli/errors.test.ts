/** System errors reach people as one line that names the path and the next step. */
import { mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '#core/gemma3/checkpoint.ts';
import { CommandError, onFile, userMessage } from '../../../cli/shared/errors.ts';
import { FileSource } from '../../../cli/shared/file-source.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { HashedFile } from '../../../cli/shared/hashed-file.ts';
import { readWholeFile } from '../../../cli/shared/read-file.ts';
import { replaceFile, requireNewFile, requireReplaceableFile, writeNewFile } from '../../../cli/shared/write-file.ts';
import { temporaryFolder } from './run.ts';

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const messageOf = async (work: Promise<unknown>) => userMessage(await errorOf(work));

/** As Node throws it. */
function systemError(code: string, more: { path?: string; dest?: string; syscall?: string } = {}): Error {
  return Object.assign(new Error(`${code}: something`), { code, syscall: 'open', ...more });
}

describe('userMessage', () => {
  it('names a folder that stands where a file should be', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'config.json');
    await mkdir(path);
    const reader = await FolderReader.open(folder, { wanted: 'checkpoint' });
    const message = `${path} is a folder, not a file; name a file`;
    expect(await messageOf(reader.json('config.json'))).toBe(message);
    expect(await messageOf(reader.blob('config.json'))).toBe(message);
  });

  it('tells a missing file, a missing folder, and links to nothing or to themselves', async () => {
    const folder = await temporaryFolder();
    const path = (name: string) => join(folder, name);
    await symlink('/nowhere/weights', path('dangling'));
    await symlink(path('self'), path('self'));
    await symlink('/nowhere', path('linked-folder'));
    expect(await messageOf(readWholeFile(path('none')))).toBe(`${path('none')} does not exist; check the path`);
    expect(await messageOf(readWholeFile(path('a/b')))).toBe(
      `${path('a/b')} does not exist: there is no folder ${path('a')}; check the path`,
    );
    const linked = 'is a link to /nowhere';
    expect(await messageOf(readWholeFile(path('dangling')))).toContain(`${path('dangling')} ${linked}/weights, which`);
    expect(await messageOf(readWholeFile(path('linked-folder/x')))).toContain(
      `${path('linked-folder')} ${linked}, which`,
    );
    expect(await messageOf(readWholeFile(path('self')))).toMatch(/self is a link that leads back to itself; put/);
  });

  it('tells files from folders, wherever Node leaves the path out', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'file');
    await writeFile(file, 'x');
    const isFolder = `${folder} is a folder, not a file; name a file`;
    expect(await messageOf(readWholeFile(folder))).toBe(isFolder);
    expect(await messageOf(FileSource.open(folder))).toBe(isFolder);
    expect(await messageOf(readWholeFile(join(file, 'below')))).toMatch(
      /file\/below: a file stands where a folder should be/,
    );
    expect(await messageOf(FolderReader.open(file, { wanted: 'adapter' }))).toBe(
      `${file} is a file, not a folder; an adapter is the folder that PEFT's save_pretrained writes`,
    );
    expect(await messageOf(mkdir(folder))).toBe(`${folder} already exists; use another path, or move it away`);
  });

  it('names the file that a full disk cut short', async ({ skip }) => {
    const full = await open('/dev/full', 'w').catch(() => undefined);
    if (!full) return skip('needs /dev/full');
    await full.close();
    const message = /^no space left for \/dev\/full; free some, or write to another disk$/;
    expect(await messageOf(onFile('/dev/full', writeFile('/dev/full', 'x')))).toMatch(message);
  });

  it.each<[string, RegExp]>([
    ['EACCES', /^\/a\/b: permission denied; change the permissions/],
    ['EPERM', /^\/a\/b: permission denied; change the permissions/],
    ['EROFS', /^\/a\/b is on a read-only file system; write somewhere else$/],
    ['EDQUOT', /^no space left for \/a\/b/],
    ['EMFILE', /^\/a\/b: too many files are open; raise the limit/],
    ['ENAMETOOLONG', /^\/a\/b…: the path is longer than the system takes; use a shorter one$/],
    ['EBUSY', /^\/a\/b is in use by another program/],
    ['EIO', /^\/a\/b: the system refused "open" with EIO; check the file and the disk$/],
  ])('explains %s', (code, message) => {
    expect(userMessage(systemError(code, { path: '/a/b' }))).toMatch(message);
  });

  it('names the target of a rename', () => {
    expect(userMessage(systemError('EISDIR', { path: '/a.partial', dest: '/a' }))).toBe(
      '/a is a folder, not a file; name a file',
    );
  });

  it('takes what core says of broken input as it is, and nothing of a defect', () => {
    expect(userMessage(new CheckpointError('config.json is missing'))).toBe('config.json is missing');
    expect(userMessage(new CommandError('no'))).toBe('no');
    expect(userMessage(new TypeError('x is not a function'))).toBeUndefined();
    expect(userMessage('text')).toBeUndefined();
  });
});

describe('files', () => {
  it('a source that ends early says where', async () => {
    const path = join(await temporaryFolder(), 'short');
    await writeFile(path, 'abc');
    const source = await FileSource.open(path);
    expect(new TextDecoder().decode(await source.read(1, 2))).toBe('bc');
    expect(await messageOf(source.read(1, 4))).toMatch(/short ends at byte 3, before byte 5; it was cut short/);
    await source.close();
  });

  it('are written whole, never over another unless that is asked for', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'result');
    await writeNewFile(path, 'one');
    expect(await messageOf(writeNewFile(path, 'two'))).toBe(`${path} already exists; name a new file with --out`);
    expect(await messageOf(requireNewFile(path))).toBe(`${path} already exists; name a new file with --out`);
    expect(await readFile(path, 'utf8')).toBe('one');
    await requireReplaceableFile(path);
    await replaceFile(path, 'three');
    expect(await readFile(path, 'utf8')).toBe('three');
    const nowhere = join(folder, 'none', 'x');
    expect(await messageOf(requireNewFile(nowhere))).toMatch(
      /none is no folder; make it, or name another file with --out/,
    );
    expect(await messageOf(requireReplaceableFile(folder))).toMatch(/ is a folder; name a file with --out$/);
    expect((await FolderReader.open(folder, { wanted: 'checkpoint' })).list()).toEqual(['result']);
  });

  it('are not hashed over another', async () => {
    const path = join(await temporaryFolder(), 'taken');
    await writeFile(path, '');
    expect(await messageOf(HashedFile.create(path))).toBe(`${path} already exists; use another path, or move it away`);
  });
});
