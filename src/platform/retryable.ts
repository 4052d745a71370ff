/**
 * Runs a dynamic `import()` so that the same one can be tried again. Vite treats a stylesheet as loaded
 * when its link is in the document, even if it failed; so failed links are removed.
 */
export async function retryable<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]'))
      if (link.sheet === null) link.remove();
    throw error;
  }
}
