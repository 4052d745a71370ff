/** Which version of the HAI-DEF terms was accepted on this device. */
import { HAI_DEF } from '#core/terms/hai-def.ts';
import { readStored, writeStored } from '../platform/stored.ts';

const key = 'hai-def-terms';
/** Where the browser keeps nothing, an acceptance lasts as long as the page. */
let acceptedHere = false;

export function haiDefIsAccepted(): boolean {
  return acceptedHere || readStored(key) === HAI_DEF.version;
}

export function acceptHaiDef(): void {
  acceptedHere = true;
  writeStored(key, HAI_DEF.version);
}
