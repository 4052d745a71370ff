import { writeRandomPackage } from '../reference/random-package.ts';
import { isPackageName, packageFolder, PACKAGES } from './packages.ts';

/** Before all tests: the packages that stand in for the built-in one. */
export default async function writePackages(): Promise<void> {
  for (const [name, options] of Object.entries(PACKAGES)) {
    if (isPackageName(name)) await writeRandomPackage(packageFolder(name), options);
  }
}
