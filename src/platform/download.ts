/** Saves a text as a file through the browser's downloads. */
export function download(contents: string, type: string, name: string): void {
  downloadBlob(new Blob([contents], { type }), name);
}

/** As `download` for what is already a Blob. */
export function downloadBlob(contents: Blob, name: string): void {
  const url = URL.createObjectURL(contents);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // By then the browser has started the download and no longer needs the URL.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
