/** True if the key only ends a Korean syllable that is being composed; Safari then sends key code 229. */
export function endsSyllable(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells it there
  return event.isComposing || event.keyCode === 229;
}
