/** The engine worker with one call more: the device goes away, as in a driver reset. */
import { expose } from 'comlink';
import { Engine } from '../../../workers/engine/engine.ts';

let device: GPUDevice | undefined;
// The engine asks for its device when a package is opened.
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  device = await request.call(this, descriptor);
  return device;
};

class BreakableEngine extends Engine {
  loseDevice(): void {
    if (!device) throw new Error('there is no device yet');
    device.destroy();
  }
}

export type BreakableEngineApi = BreakableEngine;
expose(new BreakableEngine());
