/** Looks at the GPU before a model is downloaded: what it is, how much it gives, how fast it reads. */
import type { PreflightJobs } from '#core/protocol/preflight.ts';
import { measureBandwidth } from './bench/bandwidth.ts';
import { requestGpu } from './engine/runtime/device.ts';
import { serveJobs } from './jobs/serve.ts';
import { reportAdapter } from './preflight/adapter.ts';
import { GpuMemory } from './preflight/gpu-memory.ts';
import { packageSize } from './preflight/package-size.ts';
import { probeMemory } from './preflight/probe.ts';

serveJobs<PreflightJobs>({
  adapter: { mode: 'exclusive', run: async () => ({ adapter: await reportAdapter() }) },
  probe: {
    mode: 'exclusive',
    run: async ({ atMostBytes }, job) => {
      const gpu = await requestGpu();
      if (typeof gpu === 'string') return { probe: { bytes: 0, end: 'no-adapter' } };
      const memory = new GpuMemory(gpu.device);
      try {
        return {
          probe: await probeMemory(memory, atMostBytes, job.signal, (bytes) =>
            job.progress({ type: 'progress', bytes }),
          ),
        };
      } finally {
        memory.release();
        gpu.destroy();
      }
    },
  },
  packageSize: {
    mode: 'latest',
    run: async (source, { signal }) => ({ size: await packageSize(source, signal) }),
  },
  bandwidth: { mode: 'exclusive', run: async () => ({ bandwidth: await measureBandwidth() }) },
});
