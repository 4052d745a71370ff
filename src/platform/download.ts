/** Hands a file to the browser's downloads. */
export function download(contents: string, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([contents], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own reference once it began.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
