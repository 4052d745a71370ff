/**
 * Removes stylesheets that failed to load from the document. Vite treats a stylesheet as loaded when its link is in the
 * document, even if it failed: the next `import()` of the same lab would show it without its styles.
 */
export function removeFailedStyles(): void {
  // Captured: error events of elements do not bubble.
  window.addEventListener(
    'error',
    ({ target }) => {
      if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') target.remove();
    },
    true,
  );
}
