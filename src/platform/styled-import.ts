/** Addresses of stylesheets that failed to load. */
const failed = new Set<string>();

/** Notes each stylesheet that fails to load from now on, for `styledImport`. */
export function watchStyles(): void {
  // Captured: error events of elements do not bubble.
  window.addEventListener(
    'error',
    ({ target }) => {
      if (!(target instanceof HTMLLinkElement) || target.rel !== 'stylesheet') return;
      failed.add(target.href);
      target.remove();
    },
    true,
  );
}

/**
 * Runs an `import()` that can be tried again. Vite's loader rejects once when a stylesheet fails, and from then on takes it for
 * loaded: the module would come without its styles. So stylesheets that failed are loaded first. Rejects if one fails again.
 */
export async function styledImport<Module>(load: () => Promise<Module>): Promise<Module> {
  await Promise.all([...failed].map(loadStyle));
  return load();
}

function loadStyle(href: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.crossOrigin = '';
    link.href = href;
    link.addEventListener('load', () => {
      failed.delete(href);
      resolve();
    });
    link.addEventListener('error', () => reject(new Error(`The stylesheet ${href} could not be loaded.`)));
    document.head.append(link);
  });
}
