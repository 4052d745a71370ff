/** The engine worker on a device whose shaders are compiled wrong: every inverse square root, as norms compute it, is a square root. */
import { Engine } from '../../../workers/engine/engine.ts';
import { serveJobs } from '../../../workers/jobs/serve.ts';

const create = GPUDevice.prototype.createShaderModule;
GPUDevice.prototype.createShaderModule = function (descriptor) {
  return create.call(this, { ...descriptor, code: descriptor.code.replaceAll('inverseSqrt(', 'sqrt(') });
};

serveJobs(new Engine().handlers);
