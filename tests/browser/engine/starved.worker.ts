/** The engine worker on a device that refuses a buffer for real: one of the engine's or the runtime's is asked for far too large. */
import type { EngineJobs } from '#core/protocol/engine.ts';
import type { Job } from '#core/protocol/jobs.ts';
import { Engine } from '../../../workers/engine/engine.ts';
import { serveJobs } from '../../../workers/jobs/serve.ts';

/** The next buffer with this label, or any where it is ''; undefined: none. */
let victim: string | undefined;
const create = GPUDevice.prototype.createBuffer;
GPUDevice.prototype.createBuffer = function (descriptor) {
  const isVictim = victim !== undefined && (descriptor.label ?? '').includes(victim) && !descriptor.mappedAtCreation;
  if (!isVictim) return create.call(this, descriptor);
  victim = undefined;
  // Within the device's limits, so that it is memory that is lacking, and more than any adapter of a test gives in one piece.
  return create.call(this, { ...descriptor, size: this.limits.maxBufferSize });
};

export interface StarvedJobs extends EngineJobs {
  starve: Job<{ label: string }>;
}

serveJobs<StarvedJobs>({
  ...new Engine().handlers,
  starve: {
    mode: 'concurrent',
    run: ({ label }) => {
      victim = label;
      return {};
    },
  },
});
