/** What the bench lab measures beside our engine. */
import './bench/gpu-meter.ts';
import { measureBandwidth } from './bench/bandwidth.ts';
import { describePackage } from './bench/package-facts.ts';
import { PackagePeer } from './bench/package-peer.ts';
import { serveJobs } from './jobs/serve.ts';
import type { BenchJobs } from '#core/protocol/bench.ts';

const peer = new PackagePeer();

serveJobs<BenchJobs>({
  describe: {
    mode: 'exclusive',
    run: async (source, { signal }) => ({ facts: await describePackage(source, signal) }),
  },
  bandwidth: { mode: 'exclusive', run: async () => ({ bandwidth: await measureBandwidth() }) },
  openPeer: { mode: 'exclusive', run: async (request, { signal }) => ({ version: await peer.open(request, signal) }) },
  generatePeer: { mode: 'exclusive', run: async (question) => ({ answer: await peer.generate(question) }) },
});
