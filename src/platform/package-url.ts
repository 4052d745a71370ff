export type PackageUrl = { type: 'ok'; url: string } | { type: 'bad' } | { type: 'host'; host: string };

/**
 * What a visitor may type: `owner/repository`, the page of a Hugging Face repository, or the address of a folder
 * on this site. The Content-Security-Policy allows no other host, so that is said before anything is fetched.
 */
export function packageUrl(typed: string, page: string): PackageUrl {
  const text = typed.trim();
  if (/^[\w-]+\/[\w.-]+$/.test(text)) return huggingFace(`/${text}`);
  if (!/^(https?:\/\/|\.{0,2}\/)/.test(text) || !URL.canParse(text, page)) return { type: 'bad' };
  const url = new URL(text, page);
  // Browsers fetch no address with a name and a password in it.
  if (url.username !== '' || url.password !== '') return { type: 'bad' };
  if (url.host === 'huggingface.co') return huggingFace(url.pathname);
  if (url.origin !== new URL(page).origin) return { type: 'host', host: url.host };
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return { type: 'ok', url: url.href };
}

/** `/owner/name[/tree|resolve|blob/revision[/folder]]` → the folder that files resolve in. */
function huggingFace(path: string): PackageUrl {
  const [owner, name, view, revision = 'main', ...folder] = path.split('/').filter(Boolean);
  if (!owner || !name || /^\.+$/.test(name) || (view && !['tree', 'resolve', 'blob'].includes(view)))
    return { type: 'bad' };
  return { type: 'ok', url: `https://huggingface.co/${[owner, name, 'resolve', revision, ...folder].join('/')}/` };
}
