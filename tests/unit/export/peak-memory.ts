/** Preloaded into the exporter's process: its last line on stdout is the peak resident memory in bytes. */
process.on('exit', () => {
  console.log(process.resourceUsage().maxRSS * 1024);
});
