/** What the store knows of each package: a folder of small files in OPFS. The bytes of its files are in `blobs.ts`. */
import { MANIFEST } from '#core/protocol/manifest.ts';
import { parseMaking, type Making } from '#core/protocol/making.ts';
import { parseFileRecord, parsePackageRecord, type FileRecord, type PackageRecord } from '#core/protocol/stored.ts';
import { fileIn, ignoreMissing, removeFile, renameFile, storeFolder, writeText } from './opfs.ts';
import { sha256OfText } from './sha256.ts';

const RECORD = 'package.json';
const MAKING = 'making.json';
const NEW_MAKING = 'making-new.json';
const FILE_PREFIX = 'file-';

/** A package is known by its address, or by what was copied. A hash, because an address can be longer than a file name may be. */
export const packageId = (url: string): Promise<string> => sha256OfText(url);

/** The record of one package. Writing throws DOMException QuotaExceededError, or NoModificationAllowedError while another tab writes. */
export class PackageFolder {
  readonly #folder: FileSystemDirectoryHandle;

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  async record(): Promise<PackageRecord | undefined> {
    const text = await this.#text(RECORD);
    return text === undefined ? undefined : parsePackageRecord(text);
  }

  setRecord(record: PackageRecord): Promise<void> {
    return writeText(this.#folder, RECORD, JSON.stringify(record));
  }

  /** Text of the manifest; empty if there is none, undefined if that is not known. */
  manifest(): Promise<string | undefined> {
    return this.#text(MANIFEST);
  }

  setManifest(text: string): Promise<void> {
    return writeText(this.#folder, MANIFEST, text);
  }

  /** Of a package without a manifest. */
  async file(path: string): Promise<FileRecord | undefined> {
    const text = await this.#text(await fileName(path));
    return text === undefined ? undefined : parseFileRecord(text);
  }

  async setFile(record: FileRecord): Promise<void> {
    await writeText(this.#folder, await fileName(record.path), JSON.stringify(record));
  }

  async files(): Promise<FileRecord[]> {
    const found: FileRecord[] = [];
    for await (const name of this.#folder.keys()) {
      const text = name.startsWith(FILE_PREFIX) ? await this.#text(name) : undefined;
      const record = text === undefined ? undefined : parseFileRecord(text);
      if (record) found.push(record);
    }
    return found;
  }

  /** What is known of a package that is being made; undefined for every other. */
  async making(): Promise<Making | undefined> {
    for (const name of [MAKING, NEW_MAKING]) {
      const text = await this.#text(name);
      const making = text === undefined ? undefined : parseMaking(text);
      if (making) return making;
    }
    return undefined;
  }

  /** True also where the record is broken. A manifest is written last. */
  async isBeingMade(): Promise<boolean> {
    const isNoted = (await this.#text(MAKING)) !== undefined || (await this.#text(NEW_MAKING)) !== undefined;
    return isNoted && !(await this.manifest());
  }

  async setMaking(making: Making): Promise<void> {
    // `writeText` empties the file first: a crash would leave nothing to go on from. One of the two is always whole.
    await writeText(this.#folder, NEW_MAKING, JSON.stringify(making));
    await renameFile(this.#folder, NEW_MAKING, MAKING);
  }

  /** The package is whole. */
  async endMaking(): Promise<void> {
    const names: string[] = [];
    for await (const name of this.#folder.keys()) if (name.startsWith(FILE_PREFIX)) names.push(name);
    for (const name of [...names, NEW_MAKING, MAKING]) await removeFile(this.#folder, name);
  }

  async #text(name: string): Promise<string | undefined> {
    return (await fileIn(this.#folder, name))?.text();
  }
}

export class PackageRecords {
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  /** Undefined where the browser has no OPFS, or refuses it (private window). */
  static async open(): Promise<PackageRecords | undefined> {
    const folder = await storeFolder('packages');
    return folder && new PackageRecords(folder);
  }

  /** Created when missing. */
  async create(id: string): Promise<PackageFolder> {
    return new PackageFolder(await this.#folder.getDirectoryHandle(id, { create: true }));
  }

  async find(id: string): Promise<PackageFolder | undefined> {
    const folder = await this.#folder.getDirectoryHandle(id).catch(ignoreMissing);
    return folder && new PackageFolder(folder);
  }

  async ids(): Promise<string[]> {
    const ids: string[] = [];
    for await (const id of this.#folder.keys()) ids.push(id);
    return ids;
  }

  /** Removes the record; the bytes stay until nothing refers to them (`garbage.ts`). */
  async remove(id: string): Promise<void> {
    await this.#folder.removeEntry(id, { recursive: true }).catch(ignoreMissing);
  }
}

const fileName = async (path: string): Promise<string> => `${FILE_PREFIX}${await sha256OfText(path)}.json`;
