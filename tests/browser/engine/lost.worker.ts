/** The engine worker with one job more: the device goes away, as in a driver reset. */
import type { EngineJobs } from '#core/protocol/engine.ts';
import type { Job } from '#core/protocol/jobs.ts';
import { Engine } from '../../../workers/engine/engine.ts';
import { serveJobs } from '../../../workers/jobs/serve.ts';

let device: GPUDevice | undefined;
// The engine asks for its device when a package is opened.
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  device = await request.call(this, descriptor);
  return device;
};

export interface BreakableJobs extends EngineJobs {
  loseDevice: Job<undefined>;
}

serveJobs<BreakableJobs>({
  ...new Engine().handlers,
  loseDevice: {
    mode: 'concurrent',
    run: () => {
      if (!device) throw new Error('there is no device yet');
      device.destroy();
      return {};
    },
  },
});
