/**
 * `?kiosk` in the address: a machine that many people use one after the other. Nothing of a conversation is written to it,
 * and nothing that was written earlier is shown.
 */
export function isKiosk(search: string): boolean {
  const asked = new URLSearchParams(search).get('kiosk');
  return asked !== null && asked !== '0' && asked !== 'false';
}
