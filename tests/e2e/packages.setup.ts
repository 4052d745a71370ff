import { writeRandomPackage } from '../reference/random-package.ts';
import { packageFolder, PACKAGES } from './packages.ts';

/** Before all tests: the packages that stand in for the built-in one. */
export default async function writePackages(): Promise<void> {
  for (const [name, options] of Object.entries(PACKAGES)) {
    if (isName(name)) await writeRandomPackage(packageFolder(name), options);
  }
}

function isName(name: string): name is keyof typeof PACKAGES {
  return name in PACKAGES;
}
